/** What the processes of services use: looked at every few seconds, all in one look. */
import type { Timer } from '../../base/clock.ts';
import type { Sample } from '../checks/sample.ts';
import type { Engine } from './engine.ts';

const everyMs = 5000;
/** A service that wants to be looked at more often is, down to this. */
const leastMs = 500;

/** Until the signal fires. */
export function sampleUsage(engine: Engine, signal: AbortSignal): void {
  const { clock, checks } = engine.seams;
  let timer: Timer | undefined;
  let before = new Map<string, { sample: Sample; at: number }>();

  const look = async (): Promise<void> => {
    const lives = [...engine.lives.values()].filter(({ entry, exited }) => entry !== undefined && !exited);
    const samples = await checks.sample(lives.flatMap(({ entry }) => entry?.identity ?? [])).catch(() => []);
    const at = engine.now();
    const now: typeof before = new Map();
    const usages = lives.flatMap(({ id }, index) => {
      const sample = samples[index];
      if (sample === undefined) return [];
      now.set(id, { sample, at });
      const last = before.get(id);
      const cpu =
        last === undefined || at <= last.at
          ? undefined
          : Math.max(0, (sample.cpuMs - last.sample.cpuMs) / (at - last.at));
      return [{ id, cpu, memoryBytes: sample.memoryBytes }];
    });
    before = now;
    if (usages.length > 0 && !signal.aborted) engine.post({ kind: 'usage', of: usages });
  };
  const next = (): void => {
    if (signal.aborted) return;
    const wanted = [...engine.crews.values()].map(({ spec }) => spec.memory?.everyMs ?? everyMs);
    timer = clock.after(
      Math.max(leastMs, Math.min(everyMs, ...wanted)),
      () => void look().finally(next),
    );
    timer.unref();
  };
  signal.addEventListener('abort', () => timer?.cancel(), { once: true });
  next();
}
