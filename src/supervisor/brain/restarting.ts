/**
 * A restart that was asked for: one instance after the other, so that a service of several goes on serving.
 *
 * ```
 *   turn (waits for the one before it) --that is ready again, or is not to be--> told to end, and started again
 *        --that has failed--> goes on as it is
 *        --something else becomes of it meanwhile--> (no turn)
 * ```
 */
import type { Slot } from './crew.ts';
import type { Engine } from './engine.ts';
import { leave } from './leaving.ts';

/** Of slots of one service. One in which nothing runs has been told to start already, and those behind it wait for it. */
export function restartInTurn(engine: Engine, slots: readonly Slot[], event: number): void {
  let before: Slot | undefined;
  for (const slot of slots) {
    slot.turn = undefined;
    engine.touch(slot);
    const { main } = slot;
    if (main !== undefined && main.leave === undefined) {
      if (before === undefined) leave(engine, main, 'restart', event);
      else slot.turn = { behind: before.key, gone: before.main?.id, id: main.id, event };
    }
    before = slot;
  }
}

/** Whether it is its turn by now. */
export function lookAtTurn(engine: Engine, slot: Slot): void {
  const { turn, main, crew } = slot;
  if (turn === undefined) return;
  const isAsItWas = main?.id === turn.id && main.leave === undefined && slot.goal === 'up';
  const before = crew.slots.find(({ key }) => key === turn.behind);
  const next = before?.main;
  if (isAsItWas && before !== undefined && before.goal === 'up') {
    if (next === undefined && before.rest === 'failed')
      engine.tell(slot, 'restart', `${slot.key} goes on as it is: ${turn.behind} has failed`, turn.event);
    else if (next === undefined && before.rest === 'ended') leave(engine, main, 'restart', turn.event);
    else if (next?.state === 'ready' && next.leave === undefined && next.id !== turn.gone)
      leave(engine, main, 'restart', turn.event);
    else return;
  } else if (isAsItWas) leave(engine, main, 'restart', turn.event);
  slot.turn = undefined;
  engine.touch(slot);
}
