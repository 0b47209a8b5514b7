/** What the rules of restart say about an end, made so: siblings told to end, starts planned, groups given up. */
import { failuresInRow, restartDelayMs } from '../rules/restart-delay.ts';
import { type Decision, type HowEnded, onExit, phaseOf, type Step } from '../rules/strategy.ts';
import type { Life, Slot } from './crew.ts';
import type { Engine } from './engine.ts';
import { leave } from './leaving.ts';

/** An instance has ended without having been asked to. */
export function fall(engine: Engine, life: Life, how: HowEnded, event: number): void {
  const { slot } = life;
  const { tree, state } = engine.restarts;
  const known = onExit(tree, state, slot.key, how, engine.seams.wallClock());
  engine.restarts.state = known.state;
  const healthyMs = life.readyAt === undefined ? 0 : engine.now() - life.readyAt;
  slot.failures = failuresInRow(slot.failures, healthyMs, life.spec.restart);
  carryOut(engine, slot, known.decision, event);
}

/** How an instance rests that was told to end, or is not to be started. */
export function settleRest(engine: Engine, slot: Slot, event: number): void {
  const phase = phaseOf(engine.restarts.state, slot.key);
  if (phase === 'ended' && slot.crew.spec.schedule !== undefined)
    engine.rest(slot, 'waiting', `${slot.key} has ended, and waits for its next time`, event);
  else if (phase === 'failed')
    engine.rest(slot, 'failed', `${slot.key} has failed, and stays so until it is started`, event);
  else if (phase === 'ended')
    engine.rest(slot, 'ended', `${slot.key} has ended, and is not restarted`, event);
  else if (slot.goal === 'down' || phase === 'stopped')
    engine.rest(slot, 'stopped', `${slot.key} is stopped`, event);
  else if (slot.notBefore !== undefined && slot.notBefore > engine.now())
    engine.rest(slot, 'backoff', `${slot.key} is started again with its group`, event);
  else engine.rest(slot, 'waiting', `${slot.key} is about to be started again`, event);
}

function carryOut(engine: Engine, fallen: Slot, decision: Decision, event: number): void {
  let cause = event;
  for (const step of decision.steps) cause = tellStep(engine, fallen, step, cause);
  const slots = new Map([...engine.slots()].map((slot) => [slot.key, slot]));
  const starts = new Set(decision.start);
  const going: string[] = [];
  for (const key of decision.stop) {
    const slot = slots.get(key);
    if (slot === undefined) continue;
    if (slot.main !== undefined) {
      // One after the other, in the reversed order of their start.
      leave(engine, slot.main, 'restart', cause, { after: [...going] });
      going.push(slot.main.id);
    } else if (!starts.has(key)) settleRest(engine, slot, cause);
  }
  const delayMs = restartDelayMs(fallen.failures, fallen.crew.spec.restart, engine.seams.random);
  let before: Slot | undefined;
  for (const key of decision.start) {
    const slot = slots.get(key);
    if (slot === undefined) continue;
    slot.notBefore = engine.now() + delayMs;
    for (const id of going) slot.after.add(id);
    for (const { id } of fallen.leaving) slot.after.add(id);
    slot.behind = before === undefined || before.crew === slot.crew ? before?.behind : before.key;
    before = slot;
    if (slot.main === undefined)
      engine.rest(slot, 'backoff', `${slot.key} is started again in ${Math.round(delayMs)} ms`, cause);
    engine.touch(slot);
  }
  if (!starts.has(fallen.key)) settleRest(engine, fallen, cause);
}

/** The number of the event, or that of its cause where there is nothing to tell. */
function tellStep(engine: Engine, { key, crew, lastExits }: Slot, step: Step, cause: number): number {
  const { group, did, about, restarts } = step;
  const isOwn = group === key;
  const { withinMs } = engine.restarts.tree.groups.get(group)?.intensity ?? { withinMs: 0 };
  const exits = ` (the last: ${lastExits.join('; ')})`;
  const text = {
    restart: `the group ${group} restarts because of ${about}`,
    fail: isOwn
      ? `${about} has ended ${restarts} times within ${withinMs} ms${exits}: it has failed`
      : `the group ${group} has failed: ${restarts} restarts within ${withinMs} ms, the last because of ${about}${exits}`,
    end: `the group ${group} ends because ${about} has ended`,
    'let-go': `the group ${group} goes on without ${about}`,
  }[did];
  if (isOwn && did !== 'fail') return cause;
  return engine.write({ service: crew.name, kind: 'group', text, cause });
}
