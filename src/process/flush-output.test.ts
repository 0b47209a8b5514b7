import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createTestClock } from '../testkit/clock.ts';
import { flushOutput } from './flush-output.ts';

/** An output that waits with one chunk, and the reader that takes of it. */
class Waiting {
  destroyed = false;
  writableLength: number;
  _handle: { writeQueueSize: number };
  readonly #done: (() => void)[] = [];

  constructor(bytes: number) {
    this.writableLength = bytes;
    this._handle = { writeQueueSize: bytes };
  }

  write(_text: string, done: () => void): boolean {
    this.#done.push(done);
    return false;
  }

  take(bytes: number): void {
    this._handle.writeQueueSize -= bytes;
    if (this._handle.writeQueueSize > 0) return;
    this.writableLength = 0;
    for (const done of this.#done) done();
  }
}

function flushing(output: Waiting): { clock: ReturnType<typeof createTestClock>; settled: unknown[] } {
  const clock = createTestClock();
  const settled: unknown[] = [];
  const streams = [output as unknown as NodeJS.WriteStream];
  void flushOutput({ timeoutMs: 1000, streams, clock }).then((isWritten) => settled.push(isWritten));
  return { clock, settled };
}

it('waits for a slow reader of one large chunk for as long as he takes any of it', async () => {
  const output = new Waiting(10_000);
  const { clock, settled } = flushing(output);
  for (let n = 0; n < 9; n++) {
    await clock.advance(900);
    output.take(1000);
  }
  assert.deepEqual(settled, []);
  output.take(1000);
  await clock.advance(0);
  assert.deepEqual(settled, [true]);
});

it('gives up where nobody takes anything', async () => {
  const { clock, settled } = flushing(new Waiting(10));
  await clock.advance(999);
  assert.deepEqual(settled, []);
  await clock.advance(1);
  assert.deepEqual(settled, [false]);
});

it('does not wait for an output that has nothing to write, or never will', async () => {
  const destroyed = new Waiting(10);
  destroyed.destroyed = true;
  for (const output of [new Waiting(0), destroyed]) {
    const { clock, settled } = flushing(output);
    await clock.advance(0);
    assert.deepEqual(settled, [true]);
  }
});
