/** What becomes of an instance whose process has ended. */
import { type Exit, howEnded } from '../../process/outcome.ts';
import type { HowEnded } from '../rules/strategy.ts';
import type { Life } from './crew.ts';
import type { Engine } from './engine.ts';
import { end } from './leaving.ts';
import { lifeHasGone, mainHasEnded, nextHasEnded } from './reloading.ts';
import { fall, settleRest } from './restarts.ts';
import { textOf } from './text-of.ts';

/** Shown of a service that has failed. */
const shownExits = 5;

export function ended(engine: Engine, life: Life, exit: Exit, at: number): void {
  if (life.exited) return;
  const { slot } = life;
  const wasTold = life.leave?.told === true;
  const ran = life.readyAt === undefined && life.entry !== undefined ? ' before it was ready' : '';
  slot.lastExit = { ...exit, at };
  slot.lastExits = [...slot.lastExits, howEnded(exit)].slice(-shownExits);
  const cause = life.leave?.event;
  const event = engine.tell(slot, 'exit', `${slot.key} ${howEnded(exit)}${ran}`, cause);
  // Whoever was told to end has its descendants ended with it; of the others they may be left.
  if (!wasTold) end(engine, life, { signal: life.spec.stop.signal, graceMs: life.spec.stop.graceMs });
  if (!wasTold && exit.exitCode !== 0) tellLastWords(engine, life, event);
  over(engine, life, event, howOf(exit));
}

export function notStarted(engine: Engine, life: Life, error: unknown): void {
  const event = engine.tell(
    life.slot,
    'exit',
    `${life.slot.key} could not be started: ${textOf(error)}`,
    life.event,
  );
  life.slot.lastExits = [...life.slot.lastExits, textOf(error)].slice(-shownExits);
  over(engine, life, event, 'abnormal');
  leaveSlot(engine, life);
}

function over(engine: Engine, life: Life, event: number, how: HowEnded): void {
  const { slot, leave } = life;
  life.exited = true;
  life.watching.abort();
  life.hearing.abort();
  engine.touch(slot);
  slot.after.add(life.id);
  if (!slot.leaving.includes(life)) slot.leaving.push(life);
  if (slot.next === life) {
    slot.next = undefined;
    return nextHasEnded(engine, life, event);
  }
  if (slot.main !== life) return;
  slot.main = undefined;
  if (mainHasEnded(engine, life, event)) return;
  if (leave === undefined || leave.how === 'failed')
    fall(engine, life, leave === undefined ? how : 'abnormal', event);
  else settleRest(engine, slot, event);
}

/** The process has gone, with all that it has started. */
export function gone(engine: Engine, life: Life): void {
  leaveSlot(engine, life);
  engine.effect(() => engine.seams.keeper.forget(life.id).catch(() => {}));
}

function leaveSlot(engine: Engine, life: Life): void {
  const { slot, id } = life;
  engine.lives.delete(id);
  slot.leaving = slot.leaving.filter((other) => other !== life);
  for (const each of engine.slots()) {
    each.after.delete(id);
    for (const other of [each.main, each.next, ...each.leaving]) other?.leave?.after.delete(id);
  }
  engine.touch(slot);
  lifeHasGone(engine, life);
}

/** As systemd has it: whoever ends by one of these was asked to, if not by us. */
const asking: ReadonlySet<string | null> = new Set(['SIGTERM', 'SIGINT', 'SIGHUP']);

function howOf({ exitCode, signal }: Exit): HowEnded {
  if (exitCode === 0) return 'normal';
  return asking.has(signal) ? 'shutdown' : 'abnormal';
}

/** Of this process alone: what one before it wrote explains another end. */
function tellLastWords(engine: Engine, { slot, startedAt }: Life, event: number): void {
  const { crew, instance } = slot;
  engine.effect(() =>
    engine.seams.lastLines(slot.key, startedAt).then(
      (lines) => {
        if (lines.length > 0) engine.post({ kind: 'last-words', service: crew.name, instance, event, lines });
      },
      () => {},
    ),
  );
}
