import assert from 'node:assert/strict';
import { it } from 'node:test';
import { onSideThread } from './side-thread.ts';

/** Writes the number of its thread, and wakes whoever waits for it. */
const tells = `data:text/javascript,${encodeURIComponent(
  "import { threadId } from 'node:worker_threads';" +
    'export const begin = (cell) => { Atomics.store(cell, 0, threadId); Atomics.notify(cell, 0); };',
)}`;

/** Undefined where none has begun in time. */
function threadOf(cell: Int32Array): number | undefined {
  return Atomics.wait(cell, 0, 0, 20_000) === 'timed-out' ? undefined : Atomics.load(cell, 0);
}

it('does all that it is given in one thread, also while the main one is blocked, and tells everybody of its end', async () => {
  const cells = [0, 1].map(() => new Int32Array(new SharedArrayBuffer(4)));
  const lost: string[] = [];
  const told = (name: string) => (error: Error) => void lost.push(`${name}: ${error.message}`);
  for (const [n, data] of cells.entries()) onSideThread({ module: tells, data }, told(String(n)));
  // This thread waits without a turn of its event loop.
  const [first, second] = cells.map(threadOf);
  assert.ok(first !== undefined && first > 0);
  assert.equal(second, first);

  const failed = Promise.withResolvers<void>();
  const module = `data:text/javascript,${encodeURIComponent("throw new Error('no more')")}`;
  onSideThread({ module, data: undefined }, (error) => {
    told('2')(error);
    failed.resolve();
  });
  // The thread does not keep this process alive.
  const waiting = setInterval(() => {}, 1000);
  await failed.promise;
  clearInterval(waiting);
  assert.deepEqual(lost, ['0: no more', '1: no more', '2: no more']);

  onSideThread({ module: tells, data: cells[0] }, told('late'));
  assert.equal(lost.at(-1), 'late: no more');
});
