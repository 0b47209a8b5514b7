import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KindredError } from '../base/errors.ts';
import { createPair } from '../testkit/pair.ts';
import { createScopes } from './fixtures/scopes.ts';
import { createStranger } from './fixtures/stranger.ts';

const rejection = async (work: Promise<unknown>): Promise<KindredError> =>
  work.then(
    () => assert.fail('should have failed'),
    (error) => error as KindredError,
  );

function lockedStream(): ReadableStream<unknown> {
  const stream = new ReadableStream();
  stream.getReader();
  return stream;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const bare = (): unknown => Object.create(null);
const trap = (): never => {
  throw revoked();
};

/** Values that fail whoever looks at them. */
const traps: Record<string, () => unknown> = {
  'a locked web stream': lockedStream,
  'an iterable that cannot be iterated': () => ({ [Symbol.asyncIterator]: trap }),
  'an object whose asyncIterator cannot be read': () =>
    Object.defineProperty({}, Symbol.asyncIterator, { get: trap }),
  'an object whose then cannot be read': () => Object.defineProperty({}, 'then', { get: trap }),
  'an object with a member that cannot be read': () =>
    Object.defineProperty({}, 'x', { get: trap, enumerable: true }),
  'a revoked proxy': revoked,
  'an iterable beside what cannot be sent': () => [{ [Symbol.asyncIterator]: trap }, () => {}],
};

const thrown: Record<string, () => unknown> = {
  'a revoked proxy': revoked,
  'an object without a prototype': bare,
  'an error whose message is no string': () => Object.assign(new Error(), { message: bare() }),
  'an error whose name is no string': () => Object.assign(new Error('x'), { name: bare(), code: () => {} }),
  'an error whose message cannot be read': () => Object.defineProperty(new Error(), 'message', { get: trap }),
  'an error whose code cannot be read': () => Object.defineProperty(new Error('x'), 'code', { get: trap }),
  'an error with a cause that cannot be read': () => new Error('x', { cause: revoked() }),
};

for (const over of ['values', 'greet', 'json-lines'] as const)
  describe(`a call over ${over}`, () => {
    for (const [what, make] of Object.entries(traps))
      for (const [how, answer] of [
        ['answers with', () => make()],
        ['promises', () => Promise.resolve([make()]).then(([value]) => value)],
      ] as const)
        it(`fails alone where its function ${how} ${what}`, async () => {
          const { client } = createPair({ answer, ok: () => 'ok' }, { over });
          await client.call.ok();
          const items = async (): Promise<void> => {
            for await (const _ of client.call.answer() as unknown as AsyncIterable<unknown>);
          };
          await rejection(items());
          assert.equal(await client.call.ok(), 'ok');
          await client.close();
        });

    for (const [what, make] of Object.entries(thrown))
      it(`fails alone where its function throws ${what}`, async () => {
        const service = {
          now: () => {
            throw make();
          },
          later: async () => {
            throw make();
          },
          ok: () => 'ok',
        };
        const { client } = createPair(service, { over });
        await client.call.ok();
        for (const error of [await rejection(client.call.now()), await rejection(client.call.later())]) {
          assert.equal(error.code, 'ERR_REMOTE');
          assert.equal(error.outcome, 'executed');
        }
        await client.notify.later();
        assert.equal(await client.call.ok(), 'ok');
        await client.close();
      });
  });

it('tells whoever consumes an argument that its stream cannot be read', async () => {
  const service = {
    async take(items: AsyncIterable<unknown>) {
      for await (const _ of items);
    },
    ok: () => 'ok',
  };
  const { client } = createPair(service);
  await client.call.ok();
  const error = await rejection(client.call.take(lockedStream() as unknown as AsyncIterable<unknown>));
  assert.match(error.message, /locked/);
  assert.equal(await client.call.ok(), 'ok');
  await client.close();
});

it('answers a call that throws after it was cancelled with -32800, and what it threw', async () => {
  const { promise: running, resolve: runs } = Promise.withResolvers<void>();
  const scopes = createScopes();
  const service = {
    async wait() {
      const { signal } = scopes.current() ?? assert.fail('no call is being answered');
      runs();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      throw new RangeError('stopped at 3');
    },
  };
  const stranger = createStranger(service, { context: scopes });
  stranger.say('{"jsonrpc":"2.0","id":1,"method":"wait"}');
  await running;
  stranger.say('{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}');
  const { id, error } = (await stranger.nextLine()) as {
    id: unknown;
    error: { code: number; data: unknown };
  };
  assert.deepEqual([id, error.code], [1, -32800]);
  assert.deepEqual(error.data, {
    code: 'ERR_CANCELLED',
    data: { code: -32000, message: 'stopped at 3', data: { name: 'RangeError' } },
  });
  stranger.end();
});

it('hears notifications `$/...` of other protocols where it has a function for them, and else says nothing of them', async () => {
  const failed: unknown[] = [];
  const events = {
    publish: (name: string) => {
      if (name === 'kindred:notification.failed') failed.push(name);
    },
  };
  const progress: unknown[] = [];
  const service = { '$/progress': (params: unknown) => progress.push(params), ping: () => 'pong' };
  const stranger = createStranger(service, { events });
  stranger.say('{"jsonrpc":"2.0","method":"$/progress","params":{"token":1,"value":50}}');
  stranger.say('{"jsonrpc":"2.0","method":"$/setTrace","params":{"value":"off"}}');
  stranger.say('{"jsonrpc":"2.0","id":1,"method":"ping"}');
  assert.deepEqual(await stranger.nextLine(), { jsonrpc: '2.0', id: 1, result: 'pong' });
  assert.deepEqual(progress, [{ token: 1, value: 50 }]);
  assert.deepEqual(failed, []);
  stranger.say('{"jsonrpc":"2.0","method":"nothing"}');
  assert.deepEqual(failed, ['kindred:notification.failed']);
  stranger.end();
});
