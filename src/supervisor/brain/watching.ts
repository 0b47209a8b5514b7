/** What is watched of a process while it runs: whether it is ready in time, what it says, whether it is healthy. */
import type { ReadyPlan } from '../checks/ready.ts';
import type { CheckedService } from '../stack/checked-stack.ts';
import type { Life } from './crew.ts';
import type { Engine } from './engine.ts';
import { textOf } from './text-of.ts';

/** From its start on. `passedMs`: what of its time has passed already, with a brain before this one. */
export function watchStart(engine: Engine, life: Life, plan: ReadyPlan, passedMs: number = 0): void {
  const { clock, logDirectory } = engine.seams;
  const { id, entry, spec, watching } = life;
  if (entry === undefined) return;
  hear(engine, life);
  const { timeoutMs } = spec.ready;
  const late = `not within ${timeoutMs} ms`;
  engine.later(timeoutMs - passedMs, { kind: 'not-ready', id, text: late }, watching.signal);
  watching.signal.addEventListener('abort', () => plan.close(), { once: true });
  engine.effect(() =>
    plan.watch(entry, { clock, logDirectory, signal: watching.signal }).then(
      (how) => {
        if (how === 'ready') engine.post({ kind: 'ready', id });
      },
      (error: unknown) => engine.post({ kind: 'not-ready', id, text: textOf(error) }),
    ),
  );
}

/** From when it is ready on. */
export function watchReady(engine: Engine, { id, spec, watching }: Life): void {
  const { checks, clock } = engine.seams;
  if (spec.health === undefined) return;
  const { health } = spec;
  engine.effect(() =>
    checks
      .watchHealth(health, {
        clock,
      cwd: spec.cwd,
      env: spec.env,
      signal: watching.signal,
      onResult: ({ ok, text, failures, isOver }) =>
          engine.post({ kind: 'health', id, ok, text, failures, isOver }),
      })
      // It cannot be asked at all.
      .catch((error: unknown) =>
        engine.post({ kind: 'health', id, ok: false, text: textOf(error), failures: 1, isOver: false }),
      ),
  );
}

/** All that it says, until it has ended. */
export function hear(engine: Engine, { id, entry, hearing }: Life): void {
  const path = entry?.lines['words'];
  if (path === undefined) return;
  engine.effect(() => {
    try {
      engine.seams.checks.readWords(path, {
        signal: hearing.signal,
        onWord: (word) => engine.post({ kind: 'word', id, word }),
      });
    } catch (error) {
      engine.post({
        kind: 'word',
        id,
        word: { word: 'status', text: `it cannot be heard: ${textOf(error)}` },
      });
    }
  });
}

/** Other settings for a process that goes on: how it is stopped, what its memory may be, how its health is asked. */
export function retune(engine: Engine, life: Life, spec: CheckedService): void {
  life.spec = spec;
  if (life.leave !== undefined || life.state === 'starting') return;
  life.watching.abort();
  life.watching = new AbortController();
  watchReady(engine, life);
}
