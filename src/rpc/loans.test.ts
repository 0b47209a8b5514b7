import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Lent } from '../../test/suites/notation.ts';
import type { Ticket } from '../channel/channel.ts';
import { createPair } from '../testkit/pair.ts';
import type { Message } from '../wire/message.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** As another program might send what this one never would. */
const bringing = (): Ticket => ({
  sent: false,
  exportReference: (value) => (value instanceof Lent ? value.reference : undefined),
});

describe('a lent function', () => {
  it('ends no process: what calls it need not wait for it, whatever becomes of the other end', async () => {
    const stray: unknown[] = [];
    const hear = (reason: unknown): unknown => stray.push(reason);
    process.on('unhandledRejection', hear);
    const later: (() => unknown)[] = [];
    const { client, server } = createPair(
      {
        work(report: (done: number) => unknown) {
          later.push(() => report(2));
          void report(1);
          return new Promise<void>(() => {});
        },
      },
      { over: 'binary' },
    );
    const failed = assert.rejects(client.call.work(() => new Promise(() => {})));
    await turn();
    await client.close();
    await failed;
    await server.closed;
    for (const report of later) void report();
    await turn();
    process.off('unhandledRejection', hear);
    assert.deepEqual(stray, []);
  });

  it('fails for whoever waits for it', async () => {
    const { client, server } = createPair(
      {
        work: async (report: (done: number) => Promise<unknown>) => {
          await assert.rejects(report(1), { code: 'ERR_REMOTE' });
          return 'heard of it';
        },
      },
      { over: 'binary' },
    );
    const fails = (): never => {
      throw new Error('on purpose');
    };
    assert.equal(await client.call.work(fails as () => Promise<unknown>), 'heard of it');
    await client.close();
    await server.closed;
  });
});

describe('a reference', () => {
  const lent = {
    function: new Lent('function', 5),
    stream: new Lent('stream', 5),
    handle: new Lent('handle', 5),
  };
  const error = (data: unknown) => ({
    code: -32000,
    message: 'no',
    data,
  });
  const messages: Record<string, Message> = {
    'a function in a result': { kind: 'result', id: 1, value: { run: lent.function } },
    'a function in an error': { kind: 'error', id: 1, error: error(lent.function) },
    'a stream in an error': { kind: 'error', id: 1, error: error(lent.stream) },
    'a handle in an item': { kind: 'item', stream: 3, seq: 0, value: lent.handle },
    'a function in an item of no stream': { kind: 'item', stream: 3, seq: 0, value: lent.function },
  };
  for (const [what, message] of Object.entries(messages))
    it(`that nothing would end breaks the channel: ${what}`, async () => {
      const { client, channels } = createPair(
        { never: () => new Promise<void>(() => {}) },
        { over: 'binary' },
      );
      const failed = assert.rejects(client.call.never());
      await turn();
      channels.server.send(message, bringing());
      assert.equal((await client.closed).error?.code, 'ERR_PROTOCOL');
      await failed;
      assert.deepEqual(client.load, { inFlight: 0, waiting: 0, running: 0, streams: 0, lent: 0 });
    });
});
