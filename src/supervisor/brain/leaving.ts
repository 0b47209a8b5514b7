/** How a process is ended: out of the routes, drained, told, killed. And in which order several are. */
import type { KindredError } from '../../base/errors.ts';
import type { Life } from './crew.ts';
import type { Engine } from './engine.ts';

export type LeaveHow = NonNullable<Life['leave']>['how'];

export interface LeaveOptions {
  /** Processes that must have gone before it is told, by id. */
  after?: Iterable<string>;
  /** Is not told before somebody has looked at it, for so long at most, and has no more than that to end. */
  holdMs?: number | undefined;
}

/** Decides that it goes. One that goes already goes on; only that it was asked for, or fails, may become `stop`. */
export function leave(
  engine: Engine,
  life: Life,
  how: LeaveHow,
  event: number,
  { after = [], holdMs }: LeaveOptions = {},
): void {
  if (life.exited) return;
  if (life.leave !== undefined) {
    if (how === 'stop' && life.leave.how !== 'replaced') life.leave.how = 'stop';
    engine.touch(life.slot);
    return;
  }
  const heldUntil = holdMs === undefined ? undefined : engine.now() + holdMs;
  life.leave = { how, event, after: new Set(after), heldUntil, told: false, drained: false };
  if (holdMs !== undefined) engine.later(holdMs, { kind: 'drained', id: life.id }, life.hearing.signal);
  life.watching.abort();
  engine.touch(life.slot);
}

/** Goes on with the end of a process, as far as it may. */
export function goOn(engine: Engine, life: Life): void {
  const { leave, slot, spec } = life;
  if (leave === undefined || leave.told || life.exited || life.entry === undefined || leave.after.size > 0)
    return;
  if (leave.how === 'stop' && isNeeded(engine, life)) return;
  const heldMs = leave.heldUntil === undefined ? undefined : Math.max(0, leave.heldUntil - engine.now());
  if (heldMs !== undefined && heldMs > 0 && !leave.drained) return;
  const { drainMs, graceMs, signal } = spec.stop;
  const serves = life.state === 'ready' || life.state === 'unhealthy';
  if (serves && drainMs > 0 && leave.how !== 'failed') {
    engine.move(life, 'draining', `${slot.key} gets nothing new, and finishes what it has`, leave.event);
    engine.later(drainMs, { kind: 'drained', id: life.id }, life.hearing.signal);
    return;
  }
  if (life.state === 'draining' && !leave.drained) return;
  leave.told = true;
  engine.move(life, 'stopping', `${slot.key} is told to end by ${signal}`, leave.event);
  end(engine, life, { signal, graceMs: heldMs ?? graceMs });
}

/** Ends a process with all that it has started; of one that has ended by itself, what is left. */
export function end(
  engine: Engine,
  life: Life,
  options: { signal?: NodeJS.Signals; graceMs?: number },
): void {
  const { keeper, wallClock } = engine.seams;
  const { id } = life;
  engine.effect(() =>
    keeper.end(id, options).then(
      (exit) => {
        engine.post({ kind: 'ended', id, exit, at: wallClock() });
        engine.post({ kind: 'gone', id });
      },
      (error: unknown) => {
        // Its keeper has gone, or has another brain: this one has nothing to decide any more.
        const { code } = error as Partial<KindredError>;
        if (code === 'ERR_CLOSED' || code === 'ERR_PEER_GONE') return;
        // It knows of no such process: there is nothing left of it.
        engine.post({ kind: 'ended', id, exit: { exitCode: null, signal: null }, at: wallClock() });
        engine.post({ kind: 'gone', id });
      },
    ),
  );
}

/** Whether one that is being stopped, too, needs this one. */
function isNeeded(engine: Engine, { slot }: Life): boolean {
  for (const crew of engine.crews.values()) {
    if (!Object.hasOwn(crew.spec.needs, slot.crew.name)) continue;
    for (const { main, leaving } of crew.slots)
      for (const life of [main, ...leaving])
        if (life !== undefined && !life.exited && life.leave?.how === 'stop') return true;
  }
  return false;
}
