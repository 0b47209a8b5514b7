/** A large result is under way: how long a ping, and a small call, take meanwhile. */
import { meter } from '../measure/meter.ts';
import { quantile } from '../measure/statistics.ts';
import { checkEcho, createNote, firstId } from '../payload.ts';
import { part, type Run, warmUp } from './lab.ts';

export function largeResult(size: number): Run {
  return async ({ open, scale }) => {
    const session = await open();
    const large = part(session, 'large');
    const echo = part(session, 'echo');
    const ping = part(session, 'ping');
    const bytes = Math.round(size * scale.size);
    const prepare = part(session, 'prepare');
    let id = firstId;
    const call = async (): Promise<void> => {
      const sent = createNote(id++);
      checkEcho(sent, await echo(sent));
    };
    await warmUp(scale.warmCpuMs, () => Promise.all([call(), ping()]));
    // Large results too, but smaller than what is measured: they take the same way.
    for (let i = 0; i < 20; i++) await large(Math.ceil(bytes / 100));
    await prepare(bytes);
    globalThis.gc?.();

    const { result, usage } = await meter(async () => {
      let over = false;
      const pings: number[] = [];
      const calls: number[] = [];
      const keep = async (work: () => Promise<unknown>, times: number[]): Promise<void> => {
        while (!over) {
          const from = performance.now();
          await work();
          times.push(performance.now() - from);
        }
      };
      const kept = [keep(ping, pings), keep(call, calls)];
      const from = performance.now();
      const got = await large(bytes);
      const tookMs = performance.now() - from;
      over = true;
      await Promise.all(kept);
      if (got.byteLength !== bytes) throw new Error(`${bytes} bytes arrived as ${got.byteLength}`);
      return { tookMs, pings, calls };
    });
    await session.close();
    return {
      figures: {
        pingMostMs: Math.max(...result.pings),
        pingP50Ms: quantile(
          result.pings.sort((a, b) => a - b),
          0.5,
        ),
        pings: result.pings.length,
        callMostMs: Math.max(...result.calls),
        resultMs: result.tookMs,
      },
      usage,
    };
  };
}
