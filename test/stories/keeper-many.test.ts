/** What it costs to keep many processes: printed, and not judged. */
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { keeping, onPosix } from './fixtures/keeping.ts';

it('a keeper of 200 processes: how long it takes, and what memory', onPosix, (t) =>
  keeping(async ({ start, next, ask, spec }) => {
    const startedMs = performance.now();
    const keeper = await start();
    const readyMs = performance.now() - startedMs;
    await next('brain');
    const empty = memoryOf(keeper.pid);
    const beforeMs = performance.now();
    await ask((brain) =>
      Promise.all(
        Array.from({ length: 200 }, (_, n) =>
          brain.start(spec(`s.${n}#1`, 'exec sleep 600', { lines: [{ to: 'words' }] })),
        ),
      ),
    );
    const startMs = performance.now() - beforeMs;
    const full = memoryOf(keeper.pid);
    const stopMs = performance.now();
    await ask((brain) => brain.stop({ graceMs: 5000 }));
    t.diagnostic(
      `ready in ${readyMs.toFixed(0)} ms with ${empty}, 200 processes in ${startMs.toFixed(0)} ms with ${full}, stopped in ${(performance.now() - stopMs).toFixed(0)} ms`,
    );
  }),
);

function memoryOf(pid: number): string {
  if (process.platform !== 'linux') return 'memory unknown';
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return `${(Number(kilobytes) / 1024).toFixed(1)} MiB`;
}
