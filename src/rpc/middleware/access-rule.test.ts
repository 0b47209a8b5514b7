import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPair } from '../../testkit/pair.ts';
import { type AccessRule, accessRule } from './access-rule.ts';
import { createCallEvents } from './call-events.ts';

const guarded = (rule: AccessRule) => {
  const ran: string[] = [];
  const service = {
    read: () => ran.push('read'),
    write: () => ran.push('write'),
  };
  const { client } = createPair(service, { server: { serviceMiddleware: [accessRule(rule)] } });
  return { client, ran };
};

describe('an access rule', () => {
  it('lets pass what it allows, and refuses the rest before it runs', async () => {
    const { client, ran } = guarded(({ method }) => method === 'read');
    assert.equal(await client.call.read(), 1);
    await assert.rejects(client.call.write(), {
      code: 'ERR_FORBIDDEN',
      outcome: 'not-sent',
      origin: 'remote',
    });
    await client.with({ delivery: 'handled' }).notify.write();
    assert.deepEqual(ran, ['read']);
    await client.close();
  });

  it('tells its reason, and may take its time', async () => {
    const { client } = guarded(async () => 'only on weekdays');
    await assert.rejects(client.call.read(), { code: 'ERR_FORBIDDEN', message: 'read: only on weekdays' });
    await client.close();
  });

  it('that throws, or gives anything else than true, lets nothing pass', async () => {
    const { client, ran } = guarded(() => {
      throw new Error('no list');
    });
    await assert.rejects(client.call.read(), { code: 'ERR_REMOTE' });
    await client.close();
    const other = guarded(() => 1 as unknown as boolean);
    await assert.rejects(other.client.call.read(), { code: 'ERR_FORBIDDEN' });
    await other.client.close();
    assert.deepEqual([ran, other.ran], [[], []]);
  });

  it('may ask who is there', async () => {
    const ofAdmin = accessRule(({ peer }) => peer.identity?.secret?.name === 'admin');
    for (const [name, mayRead] of [
      ['admin', true],
      ['guest', false],
    ] as const) {
      const { client } = createPair(
        { read: () => 1 },
        { server: { serviceMiddleware: [ofAdmin], identity: { secret: { name } } } },
      );
      const reading = client.call.read();
      if (mayRead) assert.equal(await reading, 1);
      else await assert.rejects(reading, { code: 'ERR_FORBIDDEN' });
      await client.close();
    }
  });

  it('is not what a function says that throws the same error', async () => {
    const { client } = createPair(
      {
        pass: async () => {
          throw await inner.client.call.read().then(undefined, (error: unknown) => error);
        },
      },
      { server: { serviceMiddleware: [accessRule(() => true)] } },
    );
    const inner = guarded(() => false);
    await assert.rejects(client.call.pass(), { code: 'ERR_REMOTE', outcome: 'executed' });
    await Promise.all([client.close(), inner.client.close()]);
  });
});

it('an event tells of each call, on either side, how long it took and why it failed', async () => {
  const told: unknown[] = [];
  let now = 0;
  const clock = { now: () => now++, after: () => ({ cancel() {}, unref() {} }) };
  const events = createCallEvents(
    {
      publish(name, data) {
        const { direction, kind, method, durationMs, error } = data();
        told.push([name, direction, kind, method, durationMs, (error as Error | undefined)?.message]);
      },
    },
    clock,
  );
  const { client } = createPair(
    {
      ok: () => 1,
      fail: () => {
        throw new Error('no');
      },
    },
    { server: { serviceMiddleware: [events] }, client: { middleware: [events] } },
  );
  await client.call.ok();
  await assert.rejects(async () => client.call.fail());
  assert.deepEqual(told, [
    ['kindred:call.settled', 'in', 'call', 'ok', 1, undefined],
    ['kindred:call.settled', 'out', 'call', 'ok', 3, undefined],
    ['kindred:call.settled', 'in', 'call', 'fail', 1, 'no'],
    ['kindred:call.settled', 'out', 'call', 'fail', 3, 'no'],
  ]);
  await client.close();
});
