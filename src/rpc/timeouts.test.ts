import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLoopWatch } from '../base/loop-watch.ts';
import { createTestClock } from '../testkit/clock.ts';
import { createPair } from '../testkit/pair.ts';
import { defaultLimits } from '../wire/limits.ts';
import type { Scope } from './scope.ts';

describe('the time that a call has left', () => {
  it('is told as it is when the call leaves: what it has waited for its turn is gone', async () => {
    const clock = createTestClock();
    const told: unknown[] = [];
    const gate = Promise.withResolvers<void>();
    const { client } = createPair(
      { wait: () => gate.promise, last: () => {} },
      {
        over: 'values',
        client: { clock, watch: createLoopWatch(clock), limits: { ...defaultLimits, maxCalls: 1 } },
        server: {
          context: {
            current: () => undefined,
            run: (scope: Scope, work) => {
              told.push(scope.meta.timeoutMs);
              return work();
            },
          },
        },
      },
    );
    const first = client.call.wait();
    const second = client.with({ timeoutMs: 1000 }).call.last();
    await clock.advance(400);
    gate.resolve();
    await Promise.all([first, second]);
    assert.deepEqual(told, [undefined, 600]);
    await client.close();
  });
});
