import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createTestClock, type TestClock } from '../testkit/clock.ts';
import type { Given, HandOverState } from './hand-over.ts';
import { type RouteOptions, type Router, route } from './route.ts';
import type { RouteWorker } from './route-worker.ts';
import { byFirstBytes, roundRobin } from './rules.ts';

/** A worker in this process, which does what a test says. */
interface FakeWorker extends RouteWorker {
  state: HandOverState;
  /** The sockets that it was given, and what it says to each. Default: it accepts, and our copy is closed. */
  readonly given: { socket: Socket; note: unknown }[];
  answer(socket: Socket): Promise<Given> | Given;
  change(state: HandOverState): void;
}

function createWorker(name: string, state: HandOverState = 'available'): FakeWorker {
  const listeners = new Set<() => void>();
  return {
    name,
    roles: ['normal'],
    open: 0,
    state,
    given: [],
    answer(socket) {
      socket.destroy();
      return { kind: 'accepted' };
    },
    async give(socket, options = {}) {
      this.given.push({ socket, note: options.note });
      return this.answer(socket);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    change(to) {
      this.state = to;
      for (const listener of listeners) listener();
    },
  };
}

interface Setting {
  clock: TestClock;
  router: Router;
  /** A client whose connection the router has seen. */
  client(): Promise<Socket>;
  /** One that may be reset before it knows that it is connected. */
  knock(): Socket;
  pass(ms: number): Promise<void>;
}

async function turn(): Promise<void> {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
}

async function setUp(t: TestContext, options: Omit<RouteOptions, 'clock'>): Promise<Setting> {
  const clock = createTestClock();
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const router = route(server, { ...options, clock });
  const clients: Socket[] = [];
  const knock = (): Socket => {
    const client = connect((server.address() as { port: number }).port, '127.0.0.1');
    client.on('error', () => {});
    clients.push(client);
    return client;
  };
  t.after(async () => {
    server.close();
    for (const client of clients) client.destroy();
    await router.close();
  });
  return {
    clock,
    router,
    async client() {
      const accepted = once(server, 'connection');
      const client = knock();
      await Promise.all([accepted, once(client, 'connect')]);
      await turn();
      return client;
    },
    knock,
    async pass(ms) {
      for (let step = 0; step < ms; step += 50) {
        await clock.advance(50);
        await turn();
      }
    },
  };
}

/** How the other side ended a connection, and what it had said before. */
function endOf(client: Socket): Promise<string> {
  return new Promise((resolve) => {
    const said: Buffer[] = [];
    client.on('data', (chunk: Buffer) => said.push(chunk));
    client.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
    client.once('end', () => resolve(`end: ${Buffer.concat(said).toString()}`));
  });
}

describe('route', () => {
  const refused: [string, () => Server, RegExp][] = [
    ['that reads what it accepts', () => createServer(), /createServer\(\{ pauseOnConnect: true \}\)/],
    ['that serves itself', () => createHttpServer(), /pauseOnConnect/],
    [
      'with a listener of its own',
      () => createServer({ pauseOnConnect: true }, () => {}),
      /has a listener for 'connection'/,
    ],
  ];
  for (const [what, make, message] of refused)
    it(`refuses a server ${what}`, () => {
      assert.throws(() => route(make(), { to: [] }), { code: 'ERR_BAD_ARGUMENT', message });
    });

  it('gives each connection to the worker that the rule picks, with a note', async (t) => {
    const workers = [createWorker('a'), createWorker('b')];
    const { client, router } = await setUp(t, {
      to: workers,
      pick: roundRobin(),
      note: ({ remoteAddress }) => remoteAddress,
    });
    for (let i = 0; i < 4; i++) await client();
    for (const { given } of workers)
      assert.deepEqual(
        given.map(({ note }) => note),
        ['127.0.0.1', '127.0.0.1'],
      );
    assert.deepEqual(router.counts, { routed: 4, rerouted: 0, refused: 0, gone: 0, waiting: 0, onTheWay: 0 });
  });

  it('passes over workers that are starting, full, draining, hung or dead', async (t) => {
    const others = (['starting', 'full', 'draining', 'hung', 'dead'] as const).map((state) =>
      createWorker(state, state),
    );
    const good = createWorker('good');
    const { client } = await setUp(t, { to: [...others, good], pick: roundRobin() });
    for (let i = 0; i < 3; i++) await client();
    assert.equal(good.given.length, 3);
    assert.ok(others.every(({ given }) => given.length === 0));
  });

  it('lets a connection wait until a worker can take it', async (t) => {
    const worker = createWorker('a', 'full');
    const { client, router } = await setUp(t, { to: [worker] });
    await client();
    await client();
    assert.equal(router.counts.waiting, 2);
    worker.change('available');
    await turn();
    assert.deepEqual([router.counts.waiting, worker.given.length], [0, 2]);
  });

  it('finds workers that are new in a live list', async (t) => {
    const workers: FakeWorker[] = [];
    const { client, pass } = await setUp(t, { to: () => workers });
    await client();
    workers.push(createWorker('new'));
    await pass(100);
    assert.equal(workers[0]?.given.length, 1);
  });

  it('gives what a worker returned to another one', async (t) => {
    for (const why of ['refused', 'lost', 'late', 'dead'] as const) {
      const [bad, good] = [createWorker('bad'), createWorker('good')];
      bad.answer = () => ({ kind: 'returned', why });
      const { client, router } = await setUp(t, { to: [bad, good] });
      await client();
      assert.equal(bad.given.length, 1);
      assert.deepEqual(good.given[0]?.socket, bad.given[0]?.socket);
      assert.deepEqual([router.counts.routed, router.counts.rerouted], [1, 1]);
    }
  });

  it('does not give a connection back at once to the only worker, which has just returned it', async (t) => {
    const worker = createWorker('a');
    worker.answer = () => ({ kind: 'returned', why: 'refused' });
    const { client, router, pass } = await setUp(t, { to: [worker] });
    await client();
    assert.deepEqual([worker.given.length, router.counts.waiting], [1, 1]);
    await pass(100);
    assert.equal(worker.given.length, 2);
  });

  it('routes again where giving failed', async (t) => {
    const [bad, good] = [createWorker('bad'), createWorker('good')];
    bad.answer = () => Promise.reject(new Error('no room'));
    const { client } = await setUp(t, { to: [bad, good] });
    await client();
    assert.equal(good.given.length, 1);
  });

  it('counts what was closed before a worker had it', async (t) => {
    const worker = createWorker('a');
    worker.answer = () => ({ kind: 'gone' });
    const { client, router } = await setUp(t, { to: [worker] });
    await client();
    assert.deepEqual([router.counts.gone, router.counts.routed], [1, 0]);
  });

  it('shows the rule the first bytes, and leaves them in the connection', async (t) => {
    const worker = createWorker('a');
    const { promise, resolve } = Promise.withResolvers<Given>();
    worker.answer = () => promise;
    const keys: string[] = [];
    const { client, router } = await setUp(t, {
      to: [worker],
      pick: byFirstBytes({
        key(bytes) {
          const key = bytes.length < 4 ? undefined : bytes.toString('latin1');
          if (key !== undefined) keys.push(key);
          return key;
        },
      }),
    });
    const socket = await client();
    assert.deepEqual([router.counts.waiting, worker.given.length], [1, 0]);
    socket.write(Buffer.from([0, 255, 128, 10]));
    while (worker.given.length === 0) await turn();
    assert.equal(keys.at(-1), '\x00\xff\x80\n');
    assert.deepEqual(worker.given[0]?.socket.read(), Buffer.from([0, 255, 128, 10]));
    resolve({ kind: 'gone' });
  });
});

describe('a connection that nobody takes', () => {
  it('is reset after waitMs', async (t) => {
    const { client, router, pass } = await setUp(t, { to: [], waitMs: 1000 });
    const socket = await client();
    const end = endOf(socket);
    await pass(900);
    assert.deepEqual([router.counts.waiting, router.counts.refused], [1, 0]);
    await pass(200);
    assert.equal(await end, 'ECONNRESET');
    assert.deepEqual([router.counts.waiting, router.counts.refused], [0, 1]);
  });

  it('is reset at once where as many wait as may', async (t) => {
    const { client, knock, router } = await setUp(t, { to: [], maxWaiting: 2 });
    await client();
    await client();
    assert.equal(await endOf(knock()), 'ECONNRESET');
    assert.deepEqual([router.counts.waiting, router.counts.refused], [2, 1]);
  });

  it('is reset where as many are looked at as may', async (t) => {
    const { client, knock } = await setUp(t, {
      to: [createWorker('a')],
      maxWaiting: 1,
      pick: byFirstBytes({ key: () => undefined }),
    });
    await client();
    assert.equal(await endOf(knock()), 'ECONNRESET');
  });

  it('is closed without a word, where asked so', async (t) => {
    const { client, pass } = await setUp(t, { to: [], waitMs: 100, refuse: 'close' });
    const socket = await client();
    const end = endOf(socket);
    socket.write('what it has sent resets nothing');
    await pass(200);
    assert.equal(await end, 'end: ');
  });

  it('gets what a function writes', async (t) => {
    const reasons: string[] = [];
    const { client, pass } = await setUp(t, {
      to: [],
      waitMs: 100,
      refuse(socket, why) {
        reasons.push(why.kind);
        socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n');
      },
    });
    const socket = await client();
    const end = endOf(socket);
    await pass(200);
    assert.equal(await end, 'end: HTTP/1.1 503 Service Unavailable\r\n\r\n');
    assert.deepEqual(reasons, ['waited-too-long']);
  });

  it('is destroyed where the function does not end it', async (t) => {
    const { client, pass } = await setUp(t, { to: [], waitMs: 100, refuse() {} });
    const socket = await client();
    const closed = once(socket, 'close');
    socket.resume();
    await pass(5200);
    await closed;
  });

  it('is told why: a rule that throws, a worker that is none, a router that closes', async (t) => {
    const reasons: unknown[] = [];
    const refuse = (socket: Socket, why: { kind: string }): void => {
      reasons.push(why);
      socket.destroy();
    };
    const failure = new Error('no rule');
    const throws = (): never => {
      throw failure;
    };
    const failing = await setUp(t, { to: [createWorker('a')], pick: throws, refuse });
    await failing.client();
    const strange = await setUp(t, { to: [createWorker('a')], pick: () => createWorker('b'), refuse });
    await strange.client();
    const closing = await setUp(t, { to: [], refuse });
    await closing.client();
    await closing.router.close();
    const peeking = await setUp(t, { to: [], refuse, pick: byFirstBytes({ key: () => undefined }) });
    await peeking.client();
    await peeking.router.close();
    assert.deepEqual(reasons[0], { kind: 'rule-failed', error: failure });
    assert.match(String((reasons[1] as { error: Error }).error), /picked 'b', which is none of the workers/);
    assert.deepEqual(reasons.slice(2), [{ kind: 'router-closed' }, { kind: 'router-closed' }]);
  });
});

describe('a router that is closed', () => {
  it('takes nothing more, and waits for what is on its way', async (t) => {
    const worker = createWorker('a');
    const { promise: answer, resolve } = Promise.withResolvers<Given>();
    worker.answer = () => answer;
    const { client, router } = await setUp(t, { to: [worker] });
    await client();
    let isClosed = false;
    const closed = router.close().then(() => {
      isClosed = true;
    });
    await turn();
    assert.equal(isClosed, false);
    // What comes back now has nowhere to go.
    resolve({ kind: 'returned', why: 'dead' });
    await closed;
    assert.deepEqual([router.counts.refused, router.counts.onTheWay], [1, 0]);
  });
});
