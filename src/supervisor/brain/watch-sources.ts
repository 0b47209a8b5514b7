/** Files whose change restarts a service: watched as long as its config says so. */
import type { CheckedService } from '../stack/checked-stack.ts';
import type { Engine } from './engine.ts';
import { textOf } from './text-of.ts';

/** Until the signal fires; whenever another config is in force, what that says. */
export function watchSources(engine: Engine, signal: AbortSignal): void {
  const watched = new Map<string, { spec: CheckedService['watch']; stop: AbortController }>();
  const look = (): void => {
    for (const [service, { spec, stop }] of watched) {
      const crew = engine.crews.get(service);
      if (!signal.aborted && crew !== undefined && !crew.removed && crew.spec.watch === spec) continue;
      stop.abort();
      watched.delete(service);
    }
    if (signal.aborted) return;
    for (const { name, spec, removed } of engine.crews.values())
      if (spec.watch !== undefined && !removed && !watched.has(name)) {
        const stop = new AbortController();
        watched.set(name, { spec: spec.watch, stop });
        watch(engine, name, spec.watch, stop.signal);
      }
  };
  const unobserve = engine.observe(look);
  signal.addEventListener(
    'abort',
    () => {
      unobserve();
      look();
    },
    { once: true },
  );
  look();
}

function watch(
  engine: Engine,
  service: string,
  { paths, debounceMs, ignore }: NonNullable<CheckedService['watch']>,
  signal: AbortSignal,
): void {
  const { checks, clock } = engine.seams;
  const onFault = (error: unknown): void => engine.post({ kind: 'unwatched', service, text: textOf(error) });
  try {
    checks.watchFiles(paths, {
      ...{ signal, debounceMs, ignore, clock, onFault },
      onChange: (changed) => engine.post({ kind: 'changed', service, paths: changed }),
    });
  } catch (error) {
    onFault(error);
  }
}
