/**
 * The wire may break after any byte, in either direction, in any way, and either end may leave at any moment: every call
 * settles, and none that is reported as not sent has run.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { connect, type DialectName, KindredError, type Peer, type Server, serve } from '../../src/index.ts';
import { until, within } from './fixtures/deadline.ts';
import { createRandom, type Random, seed } from './fixtures/random.ts';
import { createWire, turns, type Wire } from './fixtures/wire-cutter.ts';

const rounds = Number(process.env['STORY_ROUNDS'] ?? 40);
const ran = new Set<string>();

const service = {
  async work(id: string, body: string, turns: number) {
    ran.add(id);
    for (let i = 0; i < turns; i++) await turn();
    return body;
  },
  fail(id: string): never {
    ran.add(id);
    throw new Error(id);
  },
  async *count(id: string, to: number) {
    ran.add(id);
    for (let n = 0; n < to; n++) {
      if (n % 16 === 15) await turn();
      yield n;
    }
  },
};
type Service = typeof service;

interface Ended {
  id: string;
  what: string;
  value?: unknown;
  error?: unknown;
}

const dir = mkdtempSync(join(tmpdir(), 'story-'));
const servers: Server[] = [];
let tcp: Wire;
/** Of a Unix domain socket the system keeps little: what waits behind it waits in this process. */
let narrow: Wire;

before(async () => {
  // What becomes of calls whose connection does not come back.
  const port = await serve('tcp://127.0.0.1:0', service, { limits: { resumeMs: 0 } });
  const path = await serve(`unix:${dir}/served`, service);
  servers.push(port, path);
  tcp = await createWire(port.address);
  narrow = await createWire(path.address, `${dir}/wire`);
});
after(async () => {
  for (const server of servers) await server.close();
  for (const wire of [tcp, narrow]) await wire.close();
  rmSync(dir, { recursive: true });
});
const servedPeers = (): Peer[] => servers.flatMap(({ peers }) => [...peers]);

let calls = 0;

function makeOne(peer: Peer<Service>, random: Random): Promise<Ended> {
  const id = `call ${++calls}`;
  const note = (what: string, work: Promise<unknown>): Promise<Ended> =>
    work.then(
      (value) => ({ id, what, value }),
      (error: unknown) => ({ id, what, error }),
    );
  const body = 'b'.repeat(random.pick([0, 10, 1000, 70_000, 300_000]));
  switch (random.int(6)) {
    case 0:
      return note('fail', peer.call.fail(id));
    case 1:
      return note('notify', peer.notify.work(id, body, 0));
    case 2:
    case 3: {
      const to = random.int(200);
      const items: number[] = [];
      const read = async (): Promise<unknown> => {
        for await (const item of peer.call.count(id, to)) items.push(item);
        assert.equal(items.length, to, 'a stream that was cut short came to a good end');
        return undefined;
      };
      return note('stream', read());
    }
    default:
      return note('work', peer.call.work(id, body, random.int(4)));
  }
}

/** What an end that died had heard may still run: the record is complete once the server has no peer any more. */
async function check(ended: readonly Ended[]): Promise<void> {
  await until('the server has let its peers go', () => servedPeers().length === 0);
  for (const { id, what, error } of ended) {
    if (error === undefined) {
      if (what !== 'notify') assert.ok(ran.has(id), `${what} ${id} gave a result without having run`);
      continue;
    }
    assert.ok(error instanceof KindredError, `${what} ${id}: ${String(error)}`);
    const told = `${what} ${id}: ${error.code} ${error.outcome} (${error.message})`;
    assert.ok(['not-sent', 'executed', 'unknown'].includes(String(error.outcome)), `no outcome: ${told}`);
    if (error.outcome === 'not-sent') assert.ok(!ran.has(id), `it ran: ${told}`);
    if (error.outcome === 'executed') assert.ok(ran.has(id), `it did not run: ${told}`);
  }
}

async function playRound(
  random: Random,
  dialect: DialectName | undefined,
  wire: Wire,
  leave: (peer: Peer<Service>) => unknown,
): Promise<readonly Ended[]> {
  const peer = await connect<Service>(wire.address, {
    reconnect: false,
    ...(dialect === undefined ? {} : { dialect }),
  });
  const work: Promise<Ended>[] = [];
  const count = 1 + random.int(20);
  const leavesAt = random.int(count * 2);
  for (let i = 0; i < count; i++) {
    if (random.int(3) === 0) await turn();
    if (i === leavesAt) leave(peer);
    work.push(makeOne(peer, random));
  }
  // A wire that stalls tells nobody: then this end gives up by itself.
  const stalled = turns(400).then(() => (wire.broken ? peer.close() : undefined));
  const ended = await within('every call settles', Promise.all(work));
  await peer.close();
  await stalled;
  if (wire.broken) wire.drop();
  assert.deepEqual(peer.load, { inFlight: 0, waiting: 0, running: 0, streams: 0, lent: 0 });
  await check(ended);
  return ended;
}

for (const dialect of [undefined, 'json-lines', 'json-headers'] as const) {
  const name = dialect ?? 'the dialect that two Kindreds agree on';

  test(`in ${name}, wherever the wire breaks, each call settles with the truth (seed ${seed})`, async () => {
    const random = createRandom(seed);
    const outcomes: Record<string, number> = {};
    for (let round = 0; round < rounds; round++) {
      const wire = random.pick([tcp, narrow]);
      wire.breakAt({
        after: random.pick(['to-server', 'to-client']),
        bytes: 1 + random.int(random.pick([100, 1000, 10_000, 1_000_000])),
        how: random.pick(wire === tcp ? ['destroy', 'reset', 'end', 'stall'] : ['destroy', 'end']),
      });
      for (const { error } of await playRound(random, dialect, wire, () => {})) {
        const outcome = error === undefined ? 'result' : String((error as KindredError).outcome);
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      }
    }
    for (const outcome of ['result', 'executed', 'unknown', 'not-sent'])
      assert.ok((outcomes[outcome] ?? 0) > 0, `no call ended as ${outcome}: the story has lost its point`);
  });

  const leaving: [string, (peer: Peer<Service>) => unknown][] = [
    ['this end closes', (peer) => peer.close()],
    ['this end drains', (peer) => peer.drain()],
    ['the server drains', () => servedPeers().map((peer) => peer.drain())],
    ['the server closes on its peer', () => servedPeers().map((peer) => peer.close())],
  ];
  for (const [what, leave] of leaving)
    test(`in ${name}, whenever ${what}, each call settles with the truth (seed ${seed})`, async () => {
      const random = createRandom(seed + what.length);
      for (let round = 0; round < rounds; round++) {
        const bytes = 1 + random.int(random.pick([1000, 10_000, 100_000]));
        narrow.breakAt({ after: random.pick(['to-server', 'to-client']), bytes, how: 'hesitate' });
        await playRound(random, dialect, narrow, leave);
      }
    });
}
