import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KindredError } from '../base/errors.ts';
import { createLoopWatch } from '../base/loop-watch.ts';
import { createTestClock } from '../testkit/clock.ts';
import { createPair } from '../testkit/pair.ts';
import { defaultLimits } from '../wire/limits.ts';
import { createGate } from './fixtures/gate.ts';

const rejection = async (work: Promise<unknown>): Promise<KindredError> =>
  work.then(
    () => assert.fail('should have failed'),
    (error) => error as KindredError,
  );
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('timeouts', () => {
  it('reject with ERR_TIMEOUT and cancel the function', async () => {
    const clock = createTestClock();
    const watch = createLoopWatch(clock);
    let fired: unknown;
    const { promise: running, resolve: started } = Promise.withResolvers<void>();
    const { client, server } = createPair(
      { hang: () => new Promise(() => started()) },
      { over: 'values', client: { clock, watch }, server: { clock, watch, events: { publish() {} } } },
    );
    await client.call.hang;
    const work = rejection(client.with({ timeoutMs: 500 }).call.hang());
    await running;
    await clock.advance(499);
    assert.equal(client.load.inFlight, 1);
    await clock.advance(60);
    const error = await work;
    assert.equal(error.code, 'ERR_TIMEOUT');
    assert.equal(error.outcome, 'unknown');
    assert.match(error.message, /no answer within 500 ms/);
    assert.equal(client.load.inFlight, 0);
    assert.equal(fired, undefined);
    await server.close();
  });

  it('do not count time in which the own event loop was blocked', async () => {
    const clock = createTestClock();
    const watch = createLoopWatch(clock);
    const gate = createGate();
    const { client } = createPair(gate.service, { over: 'values', client: { clock, watch } });
    const work = client.with({ timeoutMs: 500 }).call.wait('x');
    await clock.advance(100);
    await clock.block(8000);
    await clock.advance(300);
    assert.equal(client.load.inFlight, 1, 'only 400 ms of free time have passed');
    gate.open();
    assert.equal(await work, 'x');
    await client.close();
  });

  it('tell a busy other end from a silent one', async () => {
    const clock = createTestClock();
    const watch = createLoopWatch(clock);
    const serverClock = createTestClock();
    const serverWatch = createLoopWatch(serverClock);
    const gate = createGate();
    const { client } = createPair(gate.service, {
      over: 'values',
      client: { clock, watch },
      server: { clock: serverClock, watch: serverWatch },
    });
    const busy = rejection(client.with({ timeoutMs: 1000 }).call.wait('x'));
    await turn();
    await serverClock.advance(60);
    await serverClock.block(8000);
    await clock.advance(600);
    await turn();
    await clock.advance(500);
    const error = await busy;
    assert.match(error.message, /is busy \(its event loop was blocked for \d+ ms\)/);
    assert.equal((error.data as { peer: string }).peer, 'busy');

    const slow = rejection(client.with({ timeoutMs: 1000 }).call.wait('y'));
    await clock.advance(600);
    await turn();
    await clock.advance(500);
    assert.match((await slow).message, /is alive/);
    await client.close();
  });

  it('hand the remaining time on', async () => {
    const { client } = createPair({ ping: () => 1 }, { over: 'values' });
    assert.equal(await client.with({ timeoutMs: 1000 }).call.ping(), 1);
    await client.close();
  });
});

describe('cancel', () => {
  for (const over of ['values', 'binary', 'greet', 'json-lines'] as const)
    it(`settles at once with ERR_CANCELLED, and later calls go on (${over})`, async () => {
      const gate = createGate();
      const { client, server } = createPair(gate.service, { over });
      const controller = new AbortController();
      const work = rejection(client.with({ signal: controller.signal }).call.wait('a'));
      await client.call.ping();
      controller.abort(new Error('enough'));
      const error = await work;
      assert.equal(error.code, 'ERR_CANCELLED');
      assert.equal(error.outcome, 'unknown');
      assert.equal((error.cause as Error).message, 'enough');
      assert.equal(await client.call.ping('b'), 'b');
      gate.open();
      await turn();
      assert.equal(server.load.running, 0);
      await client.close();
    });

  it('of a call that has not left is not-sent, and the function never runs', async () => {
    const gate = createGate();
    const { client } = createPair(gate.service, {
      over: 'values',
      client: { limits: { ...defaultLimits, maxCalls: 1 } },
    });
    const first = client.call.wait('first');
    const controller = new AbortController();
    const second = rejection(client.with({ signal: controller.signal }).call.wait('second'));
    await turn();
    controller.abort();
    assert.equal((await second).outcome, 'not-sent');
    gate.open();
    await first;
    assert.equal(await client.call.ping(), 'pong');
    assert.deepEqual(gate.seen, ['first']);
    await client.close();
  });

  it('with a signal that has fired already sends nothing', async () => {
    const gate = createGate();
    const { client } = createPair(gate.service, { over: 'values' });
    const error = await rejection(client.with({ signal: AbortSignal.abort() }).call.wait('x'));
    assert.equal(error.outcome, 'not-sent');
    await turn();
    assert.deepEqual(gate.seen, []);
    await client.close();
  });
});

describe('bounds', () => {
  it('hold back calls above maxCalls and keep their order', async () => {
    const gate = createGate();
    const { client, server } = createPair(gate.service, {
      over: 'binary',
      client: { limits: { ...defaultLimits, maxCalls: 2 } },
    });
    const calls = [1, 2, 3, 4, 5].map((n) => client.call.wait(n));
    await turn();
    assert.equal(client.load.waiting, 3);
    assert.equal(server.load.running, 2);
    gate.open();
    assert.deepEqual(await Promise.all(calls), [1, 2, 3, 4, 5]);
    assert.deepEqual(gate.seen, [1, 2, 3, 4, 5]);
    await client.close();
  });

  it('refuse more than maxWaitingCalls with ERR_BUSY', async () => {
    const gate = createGate();
    const { client } = createPair(gate.service, {
      over: 'binary',
      client: { limits: { ...defaultLimits, maxCalls: 1, maxWaitingCalls: 2 } },
    });
    const calls = [1, 2, 3].map((n) => client.call.wait(n));
    const error = await rejection(client.call.wait(4));
    assert.equal(error.code, 'ERR_BUSY');
    assert.equal(error.outcome, 'not-sent');
    assert.match(error.message, /maxWaitingCalls \(2\)/);
    gate.open();
    assert.deepEqual(await Promise.all(calls), [1, 2, 3]);
    await client.close();
  });

  it('of the other end are obeyed', async () => {
    const gate = createGate();
    const { client, server } = createPair(gate.service, {
      over: 'values',
      server: { limits: { ...defaultLimits, maxCalls: 3 } },
    });
    await client.call.ping();
    const calls = [1, 2, 3, 4, 5].map((n) => client.call.wait(n));
    await turn();
    assert.equal(server.load.running, 3);
    assert.equal(client.load.waiting, 2);
    gate.open();
    await Promise.all(calls);
    await client.close();
  });

  it('hold a stranger that sends too many calls to the limit, and answer all in order of arrival', async () => {
    const gate = createGate();
    const { client, server } = createPair(gate.service, {
      over: 'json-lines',
      server: { limits: { ...defaultLimits, maxCalls: 2 } },
    });
    const calls = Array.from({ length: 20 }, (_, n) => client.call.wait(n));
    await turn();
    assert.deepEqual(gate.seen, [0, 1]);
    assert.ok(server.load.running <= 20);
    gate.open();
    assert.equal((await Promise.all(calls)).length, 20);
    await client.close();
  });
});

describe('the first call between two Kindreds', () => {
  it('goes out as plain JSON without waiting, and both go on in binary', async () => {
    const { client, channels } = createPair({ echo: (value: unknown) => value }, { over: 'greet' });
    assert.equal(channels.client.state, 'greeting');
    const first = client.call.echo('plain');
    assert.equal(await first, 'plain');
    assert.equal(channels.client.dialect, 'binary');
    assert.equal(channels.server.dialect, 'binary');
    const date = new Date(5);
    assert.deepEqual(await client.call.echo(date), date);
    await client.close();
  });

  it('waits for the hello where JSON cannot say its values, and those behind it keep their order', async () => {
    const seen: unknown[] = [];
    const { client } = createPair({ note: (value: unknown) => void seen.push(value) }, { over: 'greet' });
    await Promise.all([client.call.note('a'), client.call.note(new Map([[1, 2]])), client.call.note('c')]);
    assert.deepEqual(seen, ['a', new Map([[1, 2]]), 'c']);
    await client.close();
  });

  it('sends nothing twice that waited for room before what waits for the hello', async () => {
    const seen: unknown[] = [];
    const { client } = createPair(
      { note: (value: unknown) => void seen.push(value) },
      { over: 'greet', client: { limits: { ...defaultLimits, maxBufferedBytes: 100 } } },
    );
    const long = 'x'.repeat(100);
    await Promise.all([long, 'second', new Map(), 'last'].map((value) => client.call.note(value)));
    assert.deepEqual(seen, [long, 'second', new Map(), 'last']);
    await client.close();
  });

  it('lets go what waits behind a call that was given up while it waited for the hello', async () => {
    const clock = createTestClock();
    const { client } = createPair(
      { echo: (value: unknown) => value },
      { over: 'greet', delayMs: 2000, clock, client: { clock, watch: createLoopWatch(clock) } },
    );
    const given = new AbortController();
    const first = rejection(client.with({ signal: given.signal }).call.echo(new Map()));
    const second = client.call.echo('plain');
    given.abort();
    assert.equal((await first).code, 'ERR_CANCELLED');
    assert.equal((await first).outcome, 'not-sent');
    await clock.advance(4000);
    assert.equal(await second, 'plain');
    client.close();
    await clock.advance(30_000);
  });

  it('fails with the path where no hello comes within the hand-shake time', async () => {
    const clock = createTestClock();
    const { client } = createPair(
      { echo: (value: unknown) => value },
      { over: 'greet', delayMs: 10_000, clock, client: { clock, watch: createLoopWatch(clock) } },
    );
    const first = rejection(client.call.echo({ when: new Date(0) }));
    await clock.advance(5001);
    const error = await first;
    assert.equal(error.code, 'ERR_NOT_ENCODABLE');
    assert.equal(error.outcome, 'not-sent');
    assert.match(error.message, /params\[0\]\.when/);
    client.close();
    await clock.advance(30_000);
  });
});

describe('function arguments', () => {
  for (const over of ['values', 'binary', 'greet'] as const)
    it(`can be called as long as their call runs, and not after (${over})`, async () => {
      let kept: ((n: number) => unknown) | undefined;
      const { client, server } = createPair(
        {
          async each(upTo: number, visit: (n: number) => unknown) {
            kept = visit;
            let sum = 0;
            for (let n = 1; n <= upTo; n++) sum += (await visit(n)) as number;
            return sum;
          },
        },
        { over },
      );
      assert.equal(await client.call.each(4, (n) => n * 10), 100);
      const error = await rejection(kept?.(1) as Promise<unknown>);
      assert.equal(error.code, 'ERR_RELEASED');
      assert.equal(client.load.lent, 0);
      assert.equal(server.load.lent, 0);
      await client.close();
    });

  it('give their own errors to the function that called them', async () => {
    const { client } = createPair(
      {
        run: async (work: () => unknown) => {
          try {
            await work();
            return 'no error';
          } catch (error) {
            return (error as Error).message;
          }
        },
      },
      { over: 'binary' },
    );
    assert.equal(
      await client.call.run(() => {
        throw new Error('from the caller');
      }),
      'from the caller',
    );
    await client.close();
  });

  it('leave nothing behind over 100,000 calls', async () => {
    const { client, server } = createPair(
      { twice: async (f: (n: number) => unknown) => f(2) },
      { over: 'values' },
    );
    const rounds = 200 * Number(process.env['KINDRED_SOAK'] ?? 1);
    for (let round = 0; round < rounds; round++)
      await Promise.all(Array.from({ length: 500 }, () => client.call.twice((n) => n * 2)));
    assert.equal(client.load.lent, 0);
    assert.equal(server.load.running, 0);
    await client.close();
  });
});
