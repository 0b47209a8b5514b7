import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Clock } from '../base/clock.ts';
import type { KindredError } from '../base/errors.ts';
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

describe('the error of a timeout', () => {
  /** A client whose call is answered by a notification at once, and by a function that never finishes. */
  const pair = () => {
    const clock = createTestClock();
    const lateClock = createTestClock();
    const { client, channels } = createPair(
      {
        hang: async (visit: () => void) => {
          await Promise.resolve(visit()).catch(() => {});
          await new Promise(() => {});
        },
      },
      {
        over: 'binary',
        clock: lateClock,
        delayMs: 1,
        client: { clock, watch: createLoopWatch(clock), timeoutMs: 1000 },
      },
    );
    const failed = (work: Promise<unknown>) =>
      work.then(
        () => assert.fail('should have failed'),
        (error: KindredError) => (error.data as { peer: string }).peer,
      );
    return { clock, line: lateClock, client, channels, failed };
  };

  it('calls an end silent that was heard after the call began, and then no more', async () => {
    const { clock, line, client, failed } = pair();
    const { promise: called, resolve } = Promise.withResolvers<void>();
    const peer = failed(client.call.hang(resolve));
    await line.advance(10);
    await called;
    await clock.advance(1100);
    assert.equal(await peer, 'silent');
    void client.close();
    await line.advance(10);
    await clock.advance(2000);
  });

  it('knows of the silence from the middle of the time on, whatever was heard before the call', async () => {
    const { clock, line, client, channels } = pair();
    const ping = client.ping();
    await line.advance(10);
    await ping;
    let askedAt = 0;
    const { send } = channels.client;
    channels.client.send = function (message, ticket) {
      if (message.kind === 'ping') askedAt ||= clock.now();
      return send.call(this, message, ticket);
    };
    const failed = assert.rejects(
      client.call.hang(() => {}),
      { code: 'ERR_TIMEOUT' },
    );
    await clock.advance(1100);
    await failed;
    assert.ok(askedAt > 500 && askedAt < 600, `asked at ${askedAt}`);
    void client.close();
    await line.advance(10);
    await clock.advance(2000);
  });

  it('calls an end busy that was blocked, though it has answered since', async () => {
    const { clock, line, client, channels, failed } = pair();
    const told = [900, 40];
    const peer = failed(client.call.hang(() => {}));
    const { send } = channels.server;
    channels.server.send = function (message, ticket) {
      return send.call(
        this,
        message.kind === 'pong' ? { ...message, delayMs: told.shift() ?? 0 } : message,
        ticket,
      );
    };
    for (let ms = 0; ms < 1100; ms += 50) {
      await line.advance(10);
      await clock.advance(50);
    }
    assert.equal(await peer, 'busy');
    assert.deepEqual(told, [], 'both pongs came');
    void client.close();
    await line.advance(10);
    await clock.advance(2000);
  });

  it('calls an end alive only after a recent sign, however often it has to ask', async () => {
    const { clock, line, client, failed } = pair();
    const peer = failed(client.call.hang(() => {}));
    for (let ms = 0; ms < 1100; ms += 50) {
      await line.advance(10);
      await clock.advance(50);
    }
    assert.equal(await peer, 'alive');
    void client.close();
    await line.advance(10);
    await clock.advance(2000);
  });
});

describe('a peer that does not keep the process alive', () => {
  /** Counts the timers that would. */
  const counting = () => {
    const holding = new Set<object>();
    const clock: Clock = {
      now: () => 0,
      after: () => {
        const timer = { cancel: () => holding.delete(timer), unref: () => holding.delete(timer) };
        holding.add(timer);
        return timer;
      },
    };
    return { clock, holding };
  };

  for (const when of ['before', 'after'] as const)
    it(`has no timer that does, where it is let go ${when} what waits for the hello`, async () => {
      const { clock, holding } = counting();
      const line = createTestClock();
      const { client } = createPair(
        { echo: (value: unknown) => value },
        { over: 'greet', clock: line, delayMs: 1, client: { clock, watch: createLoopWatch(clock) } },
      );
      if (when === 'before') client.unref();
      const work = [
        client.call.echo(new Map()),
        client.with({ timeoutMs: 1000 }).call.echo(1),
        client.ping(),
      ];
      assert.equal(holding.size > 0, when === 'after');
      client.unref();
      assert.equal(holding.size, 0);
      await line.advance(10);
      await Promise.all(work);
      void client.close();
      await line.advance(2000);
    });
});
