/**
 * Between two Kindreds over TCP a connection may break after any byte, in any way, again and again: the calls, streams and
 * lent functions that run over it notice nothing. Each runs exactly once, and everything keeps its order.
 */
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { after, before, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { connect, type Peer, type Server, serve } from '../../src/index.ts';
import { fork } from '../../src/process/index.ts';
import { certificates } from '../programs/certificates.ts';
import { until, within } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';
import { createRandom, type Random, seed } from './fixtures/random.ts';
import { createWire, type Wire } from './fixtures/wire-cutter.ts';

const soak = Number(process.env['KINDRED_SOAK'] ?? 1);
const cuts = 15 * soak;
/** What goes on at a time. */
const workers = 12;
const limits = { heartbeatMs: 100 };

const ran = new Map<string, number>();
const heard: number[] = [];

const service = {
  async echo(id: string, body: string | Uint8Array, turns: number) {
    ran.set(id, (ran.get(id) ?? 0) + 1);
    for (let i = 0; i < turns; i++) await turn();
    return body;
  },
  async *count(to: number) {
    for (let n = 0; n < to; n++) {
      if (n % 16 === 15) await turn();
      yield n;
    }
  },
  async inOrder(items: AsyncIterable<number>) {
    let next = 0;
    for await (const item of items) assert.equal(item, next++);
    return next;
  },
  async each(times: number, tell: (n: number) => Promise<number>) {
    let sum = 0;
    for (let n = 0; n < times; n++) sum += await tell(n);
    return sum;
  },
  note(n: number) {
    heard.push(n);
  },
};
type Service = typeof service;

let server: Server;
let wire: Wire;
let peer: Peer<Service>;
let lost = 0;
let resumed = 0;
const onLost = (event: unknown): void => {
  if ((event as { end: string }).end === 'dialled') lost++;
};
const onResumed = (event: unknown): void => {
  if ((event as { end: string }).end === 'dialled') resumed++;
};

before(async () => {
  subscribe('kindred:connection.lost', onLost);
  subscribe('kindred:connection.resumed', onResumed);
  server = await serve('tcp://127.0.0.1:0', service, { limits });
  wire = await createWire(server.address);
});
after(async () => {
  unsubscribe('kindred:connection.lost', onLost);
  unsubscribe('kindred:connection.resumed', onResumed);
  await peer?.close();
  await server.close();
  await wire.close();
});

let ids = 0;
let notes = 0;
const made = { calls: 0, streams: 0, lent: 0 };

async function makeOne(random: Random): Promise<void> {
  switch (random.int(6)) {
    case 0: {
      const to = random.int(300);
      let next = 0;
      for await (const item of peer.call.count(to)) assert.equal(item, next++);
      assert.equal(next, to);
      made.streams++;
      return;
    }
    case 1: {
      const to = random.int(300);
      assert.equal(await peer.call.inOrder(service.count(to)), to);
      made.streams++;
      return;
    }
    case 2: {
      const times = 1 + random.int(10);
      const told: number[] = [];
      const sum = await peer.call.each(times, async (n: number) => {
        told.push(n);
        return n;
      });
      assert.equal(sum, (times * (times - 1)) / 2);
      assert.deepEqual(told, [...Array(times).keys()]);
      made.lent++;
      return;
    }
    case 3:
      await peer.notify.note(notes++);
      return;
    default: {
      const id = `call ${++ids}`;
      const length = random.pick([0, 10, 1000, 70_000, 300_000]);
      const body = random.int(2) === 0 ? 'b'.repeat(length) : new Uint8Array(length).fill(ids);
      assert.deepEqual(await peer.call.echo(id, body, random.int(4)), body);
      made.calls++;
    }
  }
}

test(`nothing is lost, nothing comes twice, and all keeps its order while its connection is cut (seed ${seed})`, async (t) => {
  const random = createRandom(seed);
  const ways: Record<string, number> = {};
  wire.breakAt(() => {
    if (lost >= cuts) return undefined;
    const how = random.pick(['destroy', 'reset', 'end', 'stall'] as const);
    ways[how] = (ways[how] ?? 0) + 1;
    // The first words of both ends come whole: whoever has not agreed yet has nothing to go on with.
    const bytes = 600 + random.int(random.pick([1000, 10_000, 1_000_000]));
    return { after: random.pick(['to-server', 'to-client']), bytes, how };
  });
  peer = await connect<Service>(wire.address, { limits });
  await peer.ping();
  const work = async (): Promise<void> => {
    while (lost < cuts && peer.state === 'open') await makeOne(random);
  };
  await within(
    'the work goes on until all cuts are made',
    Promise.all(Array.from({ length: workers }, work)),
    300_000,
  );
  assert.equal(peer.state, 'open', 'the connection was given up');
  await until('every note has arrived', () => heard.length === notes);
  assert.deepEqual(heard, [...Array(notes).keys()]);
  assert.equal(ran.size, ids);
  for (const [id, times] of ran) assert.equal(times, 1, `${id} ran ${times} times`);
  assert.deepEqual(peer.load, { inFlight: 0, waiting: 0, running: 0, streams: 0, lent: 0 });
  assert.equal(server.peers.size, 1);
  t.diagnostic(
    `${lost} losses, ${resumed} resumed (${Object.entries(ways).map((way) => way.join(' '))}); ` +
      `${made.calls} calls, ${made.streams} streams, ${made.lent} lent functions, ${notes} notifications`,
  );
});

test('over TLS a connection goes on through the same door: with the certificate of the caller', async () => {
  const { authority, server: own, client } = await certificates();
  const closed = await serve('tls://127.0.0.1:0', service, {
    tls: { ...own, ca: authority.cert, requestCert: true },
  });
  const line = await createWire(closed.address);
  let connections = 0;
  line.breakAt(() => {
    connections++;
    return connections > 3 ? undefined : { after: 'to-client', bytes: 20_000, how: 'reset' };
  });
  const caller = await connect<Service>(line.address.replace('tcp:', 'tls:'), {
    tls: { ...client, ca: authority.cert },
  });
  for (let n = 0; n < 20; n++)
    assert.equal((await caller.call.echo(`tls ${n}`, 'x'.repeat(5000), 0)).length, 5000);
  for (let n = 0; n < 20; n++) assert.equal(ran.get(`tls ${n}`), 1);
  assert.equal(connections, 4);
  assert.equal(closed.peers.size, 1);
  await caller.close();
  await until('the server has let it go', () => closed.peers.size === 0);
  await line.close();
  await closed.close();
});

test('a process that ends says goodbye, and nobody waits for it; one that is killed is waited for', async () => {
  const hosting = await serve('tcp://127.0.0.1:0', service);
  const leaver = fork(fixture('visitor.ts'), [hosting.address, 'exit'], { channel: 'none' });
  await within('it ends', leaver.exited);
  // Far less than the window.
  await until('it is let go', () => hosting.peers.size === 0);
  const killed = fork(fixture('visitor.ts'), [hosting.address, 'kill'], { channel: 'none' });
  await within('it dies', killed.exited);
  assert.equal(hosting.peers.size, 1);
  await within('the server closes at once', hosting.close());
  assert.equal(hosting.peers.size, 0);
});
