import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLoopWatch } from '../../base/loop-watch.ts';
import { createTestClock } from '../../testkit/clock.ts';
import { createPair } from '../../testkit/pair.ts';
import type { ContextPort } from '../context.ts';
import type { Scope } from '../scope.ts';
import { timeout } from './timeout.ts';

const staged = () => {
  const clock = createTestClock();
  return { clock, watch: createLoopWatch(clock) };
};

describe('a timeout', () => {
  it('bounds calls that are made, as their own option does', async () => {
    const time = staged();
    const hang = { hang: () => new Promise<void>(() => {}) };
    const { client } = createPair(hang, { over: 'values', client: { ...time, middleware: [timeout(100)] } });
    const rejected = assert.rejects(client.call.hang(), { code: 'ERR_TIMEOUT', outcome: 'unknown' });
    await time.clock.advance(101);
    await rejected;
    await client.close();
  });

  it('leaves a call its own shorter bound', async () => {
    const time = staged();
    const told: unknown[] = [];
    const context: ContextPort = {
      current: () => undefined,
      run: (scope: Scope, work) => {
        told.push(scope.meta.timeoutMs);
        return work();
      },
    };
    const { client } = createPair(
      { ping: () => 'pong' },
      { over: 'values', client: { ...time, middleware: [timeout(100)] }, server: { context } },
    );
    await client.with({ timeoutMs: 50 }).call.ping();
    await client.with({ timeoutMs: 500 }).call.ping();
    assert.deepEqual(told, [50, 100]);
    await client.close();
  });

  it('bounds functions: their signal fires, they hear how little is left, and the caller gets ERR_TIMEOUT', async () => {
    const time = staged();
    const scopes: Scope[] = [];
    const context: ContextPort = {
      current: () => undefined,
      run: (scope: Scope, work) => {
        scopes.push(scope);
        return work();
      },
    };
    const hang = { hang: () => new Promise<void>(() => {}) };
    const { client } = createPair(hang, {
      over: 'values',
      server: { ...time, context, serviceMiddleware: [timeout(100)] },
    });
    const rejected = assert.rejects(client.call.hang(), { code: 'ERR_TIMEOUT', outcome: 'unknown' });
    await time.clock.advance(60);
    assert.equal(scopes[0]?.remainingMs, 40);
    assert.equal(scopes[0]?.signal.aborted, false);
    await time.clock.advance(60);
    await rejected;
    assert.equal(scopes[0]?.signal.aborted, true);
    await client.close();
  });

  it('that is none is refused with ERR_BAD_ARGUMENT', () => {
    for (const wrong of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      assert.throws(() => timeout(wrong), { code: 'ERR_BAD_ARGUMENT' });
  });
});
