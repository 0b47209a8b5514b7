/** A server is restarted under load: every call settles, and none that may not run twice does. */
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect, KindredError, type Peer, serve } from '../../src/index.ts';
import { type Child, fork } from '../../src/process/index.ts';
import { createDarkLine } from './fixtures/dark-line.ts';
import { until, within } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';
import { createRandom, type Random, seed } from './fixtures/random.ts';
import type { Restarted } from './fixtures/restarted.ts';
import { onStage, type Stage } from './fixtures/stage.ts';

/** `npm run soak -- restarts` asks for more. */
const soak = Number(process.env['KINDRED_SOAK'] ?? 1);
const restarts = 5 * soak;
const outstanding = 64;

interface Tally {
  calls: number;
  resolved: string[];
  unknown: string[];
  repeatable: Set<string>;
}

interface Outages {
  count: number;
  longestMs: number;
}

const ends = { kill: 'SIGKILL', drain: 'SIGTERM', close: 'SIGINT' } as const;

function start(stage: Stage, address: string, log: string): Child {
  const child = fork(fixture('restarted.ts'), [address, log], { env: stage.env, channel: 'none' });
  stage.watch(child.pid);
  return child;
}

/** Calls on and on; some of them may run twice, by their name or by the call. */
async function load(peer: Peer<Restarted>, random: Random, tally: Tally, stop: () => boolean): Promise<void> {
  while (!stop()) {
    const id = `call-${++tally.calls}`;
    const ms = random.int(20);
    const kind = random.int(100);
    if (kind < 30) tally.repeatable.add(id);
    const { call } = kind < 15 ? peer.with({ idempotent: true }) : peer;
    const isNamed = kind >= 15 && kind < 30;
    try {
      assert.equal(await (isNamed ? call.workAgain(id, ms) : call.work(id, ms)), id);
      tally.resolved.push(id);
    } catch (error) {
      assert.ok(error instanceof KindredError, String(error));
      assert.deepEqual([error.code, error.outcome], ['ERR_PEER_GONE', 'unknown'], `${id}: ${error.message}`);
      tally.unknown.push(id);
    }
  }
}

/** How often each call ran, and that none did so twice in one process. */
function runsOf(log: string): Map<string, number> {
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
  assert.equal(new Set(lines).size, lines.length, 'a call ran twice in one process');
  const runs = new Map<string, number>();
  for (const line of lines) {
    const [id = ''] = line.split(' ');
    runs.set(id, (runs.get(id) ?? 0) + 1);
  }
  return runs;
}

function check(tally: Tally, log: string): { repeated: number } {
  const runs = runsOf(log);
  let repeated = 0;
  for (const [id, count] of runs) {
    if (count === 1) continue;
    assert.ok(tally.repeatable.has(id), `${id} ran ${count} times`);
    repeated++;
  }
  assert.equal(new Set([...tally.resolved, ...tally.unknown]).size, tally.calls, 'a call has not settled');
  for (const id of tally.resolved) assert.ok(runs.has(id), `${id} was answered and did not run`);
  for (const id of tally.unknown) assert.ok(!tally.repeatable.has(id), `${id} was not repeated`);
  return { repeated };
}

async function story(t: TestContext, stage: Stage, address: string, pid: number): Promise<void> {
  t.diagnostic(`KINDRED_SEED=${seed}`);
  const random = createRandom(seed + pid);
  const log = join(stage.dir, 'ran.log');
  const outages: Outages = { count: 0, longestMs: 0 };
  const tally: Tally = { calls: 0, resolved: [], unknown: [], repeatable: new Set() };
  let child = start(stage, address, log);
  const peer = await connect<Restarted>(address, {
    waitMs: 20_000,
    reconnect: { firstMs: 20, maxMs: 200, idempotent: ['workAgain'] },
  });
  const onBack = (message: unknown): void => {
    const { peer: whose, outageMs } = message as { peer: unknown; outageMs: number };
    if (whose !== peer) return;
    outages.count++;
    outages.longestMs = Math.max(outages.longestMs, outageMs);
  };
  subscribe('kindred:peer.reconnected', onBack);
  let stopped = false;
  const lines = Promise.all(
    Array.from({ length: outstanding }, () => load(peer, random, tally, () => stopped)),
  );
  for (let restart = 0; restart < restarts; restart++) {
    const before = tally.resolved.length;
    const some = before + 1 + random.int(200);
    await until('there is load', () => tally.resolved.length >= some);
    const end = random.pick(['kill', 'kill', 'drain', 'close'] as const);
    child.kill(ends[end]);
    await within(`it ends (${end})`, child.exited);
    child = start(stage, address, log);
  }
  assert.equal(await within('it serves again', peer.call.pid()), child.pid);
  stopped = true;
  await within('every call settles', lines);
  unsubscribe('kindred:peer.reconnected', onBack);
  await within('the peer closes', peer.close());
  child.kill('SIGKILL');
  await within('the server ends', child.exited);
  const { repeated } = check(tally, log);
  assert.ok(outages.count >= restarts, `${outages.count} reconnects`);
  t.diagnostic(
    `${address.split(':')[0]}: ${tally.calls} calls, ${restarts} restarts, ${tally.resolved.length} resolved, ${tally.unknown.length} unknown, ${repeated} ran again in another process, longest outage ${outages.longestMs} ms`,
  );
}

test('local: a server is restarted under load', (t) =>
  onStage((stage) => story(t, stage, `local:restarted-${process.pid}`, 1)));

test('tcp: a server is restarted under load', (t) =>
  onStage(async (stage) => {
    // A port that nobody else has.
    const server = await serve('tcp://127.0.0.1:0', {});
    await server.close();
    await story(t, stage, server.address, 2);
  }));

test('a line is cut under load: what may run twice runs once in a server that lives on', async (t) => {
  t.diagnostic(`KINDRED_SEED=${seed}`);
  const random = createRandom(seed);
  const runs = new Map<string, number>();
  const service = {
    work: async (id: string, ms: number): Promise<string> => {
      runs.set(id, (runs.get(id) ?? 0) + 1);
      await new Promise((resolve) => setTimeout(resolve, ms));
      return id;
    },
  };
  const server = await serve('tcp://127.0.0.1:0', service);
  const line = await createDarkLine(Number(new URL(server.address).port));
  const reconnect = { firstMs: 5, maxMs: 20, idempotent: ['work'] };
  const peer = await connect<typeof service>(line.address, { reconnect });
  let calls = 0;
  let answered = 0;
  let stopped = false;
  const lines = Array.from({ length: outstanding }, async () => {
    while (!stopped) {
      const id = `call-${++calls}`;
      assert.equal(await peer.call.work(id, random.int(20)), id);
      answered++;
    }
  });
  for (let cut = 0; cut < 10 * soak; cut++) {
    const some = answered + 1 + random.int(200);
    await until('there is load', () => answered >= some);
    line.cut();
  }
  stopped = true;
  await within('every call settles', Promise.all(lines));
  assert.equal(answered, calls);
  assert.deepEqual(
    [...runs].filter(([, count]) => count !== 1),
    [],
  );
  assert.equal(runs.size, calls);
  t.diagnostic(`${calls} calls, ${10 * soak} cuts, each ran once`);
  await peer.close();
  line.close();
  await server.close();
});
