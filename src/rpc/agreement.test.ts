import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KindredError } from '../base/errors.ts';
import { createPair, type PairOptions } from '../testkit/pair.ts';
import type { EventsPort } from './context.ts';
import type { Contract } from './contract.ts';
import { createDescription } from './description.ts';
import { createStranger, type Stranger } from './fixtures/stranger.ts';
import type { OwnPeer } from './own-peer.ts';
import { methodsOf } from './service.ts';

type Name = 'kindred:contract.differs' | 'kindred:contract.unknown';

const service = { add: (a: number, b: number) => a + b, hello: () => 'hello' };
const changed = { add: (a: number) => a, news: () => 'new' };
const of = (what: object): Contract => createDescription(methodsOf(what)).contract;

const ways = ['values', 'greet', 'binary', 'json-lines'] as const;

/** What a peer with this contract says of the service at the other end, and what it has asked. */
async function meet(
  contract: Contract,
  offered: object,
  { onDifferentContract = 'warn', told = true, ...options }: PairOptions & MeetOptions = {},
): Promise<Met> {
  const heard: Met['heard'] = [];
  const events: EventsPort = {
    publish: (name, data) => name.startsWith('kindred:contract.') && heard.push([name as Name, data()]),
  };
  const description = createDescription(methodsOf(offered));
  if (told) void description.contract;
  const asked: string[] = [];
  const { client } = createPair(offered, {
    ...options,
    client: { terms: { contract, onDifferentContract }, events },
    server: {
      description,
      serviceMiddleware: [
        (next) => (call) => {
          asked.push(call.method);
          return next(call);
        },
      ],
    },
  });
  const failure = await (client as unknown as OwnPeer).agreed.then(
    () => undefined,
    (error: KindredError) => error,
  );
  const { state } = client;
  await client.close();
  return { heard, asked, failure, state };
}

interface MeetOptions {
  onDifferentContract?: 'warn' | 'error';
  /** The hash is made before the hello leaves. */
  told?: boolean;
}

interface Met {
  heard: [Name, Record<string, unknown>][];
  asked: string[];
  failure: KindredError | undefined;
  state: string;
}

for (const over of ways)
  describe(`two ends that compare a contract, over ${over}`, () => {
    it('say nothing where it is kept', async () => {
      const { heard, failure } = await meet(of(service), service, { over, onDifferentContract: 'error' });
      assert.deepEqual([heard, failure], [[], undefined]);
    });

    it('say nothing where functions were only added', async () => {
      const { heard, failure } = await meet(of({ hello: service.hello }), service, {
        over,
        onDifferentContract: 'error',
      });
      assert.deepEqual([heard, failure], [[], undefined]);
    });

    it('tell by an event what is missing, changed and added', async () => {
      const { heard, failure, state } = await meet(of(service), changed, { over });
      assert.deepEqual(
        heard.map(([name, { difference }]) => [name, difference]),
        [['kindred:contract.differs', { missing: ['hello'], changed: ['add'], added: ['news'] }]],
      );
      assert.deepEqual([failure, state], [undefined, 'open']);
    });

    it('part with ERR_CONTRACT where that was asked for', async () => {
      const { heard, failure, state } = await meet(of(service), changed, {
        over,
        onDifferentContract: 'error',
      });
      assert.equal(failure?.code, 'ERR_CONTRACT');
      assert.match(failure.message, /\(missing: hello; changed: add; added: news\)/);
      assert.deepEqual(failure.data, { missing: ['hello'], changed: ['add'], added: ['news'] });
      assert.deepEqual([heard, state], [[], 'closed']);
    });

    it('ask for the hash where the hello had none', async () => {
      const { asked } = await meet(of(service), service, { over, told: false });
      assert.deepEqual(asked, ['rpc.contract']);
    });
  });

for (const over of ['values', 'binary'] as const)
  it(`is known by the hellos alone where both have come, over ${over}`, async () => {
    const { asked } = await meet(of(service), service, { over });
    assert.deepEqual(asked, []);
  });

describe('a stranger of whom a contract is expected', () => {
  const document = {
    openrpc: '1.2.6',
    methods: [
      { name: 'hello', params: [{ name: 'to', schema: { type: 'string' } }], result: { schema: {} } },
    ],
  };

  interface Asked {
    id: number;
    method: string;
  }

  /** It answers what `answers` has, and refuses the rest in its own way. */
  async function answer(stranger: Stranger, answers: Record<string, unknown>): Promise<void> {
    for (;;) {
      const { id, method } = (await stranger.nextLine()) as Asked;
      if (id === undefined) continue;
      const said = Object.hasOwn(answers, method)
        ? { result: answers[method] }
        : { error: { code: -32099, message: 'what?' } };
      stranger.say(JSON.stringify({ jsonrpc: '2.0', id, ...said }));
    }
  }

  const open = (onDifferentContract: 'warn' | 'error', answers: Record<string, unknown> = {}) => {
    const heard: unknown[] = [];
    const stranger = createStranger(
      {},
      {
        dialect: 'greet',
        terms: { contract: of(service), onDifferentContract },
        events: {
          publish: (name, data) => {
            const { difference, error } = data() as { difference?: unknown; error?: KindredError };
            if (name.startsWith('kindred:contract.')) heard.push([name, difference ?? error?.code]);
          },
        },
      },
    );
    void answer(stranger, answers);
    return { heard, stranger, agreed: (stranger.peer as OwnPeer).agreed };
  };

  it('is asked for its OpenRPC document', async () => {
    const { heard, stranger, agreed } = open('warn', { 'rpc.discover': document });
    await agreed;
    assert.deepEqual(heard, [
      ['kindred:contract.differs', { missing: ['add'], changed: ['hello'], added: [] }],
    ]);
    await stranger.peer.close();
  });

  it('is told of as one of whom nothing is known where it has none', async () => {
    const { heard, stranger, agreed } = open('warn');
    await agreed;
    assert.deepEqual(heard, [['kindred:contract.unknown', 'ERR_REMOTE']]);
    assert.equal(stranger.peer.state, 'open');
    await stranger.peer.close();
  });

  it('is told of so where its document is none', async () => {
    const { heard, stranger, agreed } = open('warn', { 'rpc.discover': { methods: 'many' } });
    await agreed;
    assert.deepEqual(heard, [['kindred:contract.unknown', 'ERR_BAD_ARGUMENT']]);
    await stranger.peer.close();
  });

  it('is left with ERR_CONTRACT where a contract was demanded and it has none', async () => {
    const { stranger, agreed } = open('error');
    await assert.rejects(agreed, { code: 'ERR_CONTRACT', message: /does not say what it offers: what\?/ });
    assert.equal(stranger.peer.state, 'closed');
  });

  it('that hangs up meanwhile has gone, and that is told', async () => {
    const { heard, stranger, agreed } = open('error');
    stranger.end();
    await assert.rejects(agreed, { code: 'ERR_PEER_GONE' });
    assert.deepEqual(heard, []);
  });
});
