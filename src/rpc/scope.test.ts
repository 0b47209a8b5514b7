import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { KindredError } from '../base/errors.ts';
import { createLoopWatch } from '../base/loop-watch.ts';
import { createTestClock } from '../testkit/clock.ts';
import { createPair } from '../testkit/pair.ts';
import type { ContextPort } from './context.ts';
import type { Peer } from './peer.ts';
import { Scope } from './scope.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Of an end whose functions make calls of their own: the scope entered last stays the current one. */
function createRuntime() {
  let last: Scope | undefined;
  const context: ContextPort = {
    run(scope, work) {
      last = scope;
      return work();
    },
    current: () => last,
  };
  const clock = createTestClock();
  return { context, clock, watch: createLoopWatch(clock) };
}

/** A service that a call is made to, and a second one that its functions go on to, as if by a timer that they have left behind. */
function createChain() {
  const runtime = createRuntime();
  const { clock, watch } = runtime;
  const gate = Promise.withResolvers<void>();
  const far = createPair({ refresh: () => 'fresh' }, { over: 'values', client: runtime });
  const near = createPair(
    { start: () => gate.promise },
    { over: 'values', server: runtime, client: { clock, watch } },
  );
  return { clock, gate, near: near.client, goOn: () => far.client.call.refresh() };
}

it('what a call has left behind is not bound by the time that the call had', async () => {
  const { clock, gate, near, goOn } = createChain();
  gate.resolve();
  await near.with({ timeoutMs: 100 }).call.start();
  assert.equal(await goOn(), 'fresh');
  await clock.advance(200);
  assert.equal(await goOn(), 'fresh');
});

it('what a cancelled call has left behind is free once its function has settled', async () => {
  const { gate, near, goOn } = createChain();
  const controller = new AbortController();
  const start = near.with({ signal: controller.signal }).call.start();
  await turn();
  controller.abort();
  await assert.rejects(start, { code: 'ERR_CANCELLED' });
  await turn();
  await assert.rejects(goOn(), { code: 'ERR_CANCELLED' });
  gate.resolve();
  await turn();
  assert.equal(await goOn(), 'fresh');
});

/** A caller whose own time stands still, and a function that hands the call on to where nothing is answered. */
function createHandover(own: { timeoutMs?: number }) {
  const runtime = createRuntime();
  const far = createPair({ never: () => new Promise<void>(() => {}) }, { over: 'values', client: runtime });
  const near = createPair(
    { handOn: () => far.client.with(own).call.never() },
    { over: 'values', server: runtime, client: { clock: createTestClock() } },
  );
  return { clock: runtime.clock, near: near.client };
}

it('a call whose time is over further on is told so, as if it had been over here', async () => {
  const { clock, near } = createHandover({});
  const call = near.with({ timeoutMs: 100 }).call.handOn();
  const told = assert.rejects(call, { code: 'ERR_TIMEOUT', outcome: 'unknown', origin: 'remote' });
  await turn();
  await clock.advance(100);
  await clock.advance(1);
  await told;
});

it('what a function waited for no longer than it wanted to is a failure of its own', async () => {
  const { clock, near } = createHandover({ timeoutMs: 50 });
  const call = near.with({ timeoutMs: 100 }).call.handOn();
  const told = assert.rejects(call, (error: KindredError) => {
    assert.equal(error.code, 'ERR_REMOTE');
    assert.equal((error.cause as KindredError).code, 'ERR_TIMEOUT');
    return true;
  });
  await turn();
  await clock.advance(50);
  await clock.advance(1);
  await told;
});

it('a call that has just begun has no more time left than it was given, whatever the clock stands at', () => {
  for (let now = 0.1; now < 1e6; now *= 1.01) {
    const owner = { peer: {} as Peer<unknown>, freeNow: () => now, scopeOver: () => {} };
    const { remainingMs } = new Scope(owner, 1, 'work', { timeoutMs: 1000 });
    assert.ok(remainingMs !== undefined && remainingMs <= 1000, `${remainingMs} at ${now}`);
  }
});
