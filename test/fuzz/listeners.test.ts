/**
 * The same inputs, to listeners in a process of their own, over real sockets: whatever some connections say, a peer that
 * behaves is answered, the process goes on, and nothing is left of those who are gone.
 */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { connect, type Peer } from '../../src/index.ts';
import { until, within } from '../stories/fixtures/deadline.ts';
import { createRandom, type Random, seed } from '../stories/fixtures/random.ts';
import type { listening } from './programs/listening.ts';
import { toHex } from './shrink.ts';
import { readTargets, type Target } from './targets.ts';

const MiB = 1024 * 1024;
const connections = 400 * Number(process.env['KINDRED_SOAK'] ?? 1);
/** At a time. */
const crowd = 16;
const mayGrow = { heapBytes: 16 * MiB, rssBytes: 128 * MiB };
/** Those that a listener chooses among by their first bytes. */
const isListener = ({ name }: Target): boolean => name.startsWith('peer (choose)');

type Behaved = Peer<typeof listening>;

it(`a peer that behaves is answered, whatever others say to its server (seed ${seed})`, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kindred-fuzz-'));
  const program = new URL('./programs/listening.ts', import.meta.url);
  const child = fork(program, [`unix:${folder}/s`, 'tcp://127.0.0.1:0'], {
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const exited = once(child, 'exit');
  try {
    const [addresses] = (await Promise.race([once(child, 'message'), exited])) as [string[]];
    const behaved = await Promise.all(addresses.map((address) => connect<typeof listening>(address)));
    const targets = (await readTargets()).filter(isListener);
    const before = await settled(behaved);
    let inputs = 0;
    let next = 0;
    /** What is being said just now: the last words of whoever ends the process are among it. */
    const saying = new Map<number, readonly Uint8Array[]>();
    const attack = async (): Promise<void> => {
      for (let number = next++; number < connections; number = next++) {
        const random = createRandom(seed + number);
        const said = conversation(random.pick(targets), random);
        saying.set(number, said);
        inputs += said.length;
        await speak(random.pick(addresses), said, random);
        for (const peer of behaved) {
          const value = { number, text: 'é漢😀' };
          assert.deepEqual(await within('an answer to the peer that behaves', peer.call.echo(value)), value);
        }
        saying.delete(number);
      }
    };
    try {
      await Promise.all(Array.from({ length: crowd }, attack));
    } catch (error) {
      for (const [number, said] of saying) t.diagnostic(`connection ${number}: ${toHex(said)}`);
      throw error;
    }
    const after = await settled(behaved);
    for (const name of ['heapBytes', 'rssBytes'] as const)
      assert.ok(
        after[name] - before[name] < mayGrow[name],
        `${name} grew by ${(after[name] - before[name]) / MiB} MiB`,
      );
    assert.ok(
      after.descriptors <= before.descriptors,
      `${after.descriptors} descriptors, not ${before.descriptors}`,
    );
    await Promise.all(behaved.map((peer) => peer.close()));
    child.disconnect();
    assert.deepEqual(await within('the server ends', exited), [0, null]);
    assert.equal(said, '');
    t.diagnostic(
      `${inputs} inputs in ${connections} connections; ${((after.rssBytes - before.rssBytes) / MiB).toFixed(1)} MiB more, ${after.descriptors} descriptors; seed ${seed}`,
    );
  } finally {
    child.kill('SIGKILL');
    await exited;
    rmSync(folder, { recursive: true });
  }
});

/** When nobody else is connected any more. */
async function settled(behaved: readonly Behaved[]): Promise<Awaited<ReturnType<typeof listening.status>>> {
  const [peer] = behaved as [Behaved];
  let status = await peer.call.status();
  await until(
    () => `${status.peers} peers are there, not ${behaved.length}`,
    async () => {
      status = await peer.call.status();
      return status.peers === behaved.length;
    },
  );
  return status;
}

function conversation(target: Target, random: Random): Uint8Array[] {
  const said = [...target.opening(random)];
  for (let i = random.int(12); i > 0; i--) said.push(target.input(random));
  return said;
}

/** Says it in pieces, reads or not, and leaves in any way, once the other end has had time to answer or is gone. */
async function speak(address: string, said: readonly Uint8Array[], random: Random): Promise<void> {
  const socket = open(address);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  // A listener that has heard enough closes while this end still writes.
  socket.on('error', () => {});
  if (random.int(4) > 0) socket.resume();
  for (const piece of said) {
    const at = random.int(piece.length + 1);
    for (const part of random.int(3) === 0 ? [piece.subarray(0, at), piece.subarray(at)] : [piece]) {
      if (socket.destroyed) break;
      await new Promise((resolve) => (socket.write(part) ? setImmediate(resolve) : waitFor(socket, resolve)));
    }
  }
  if (random.int(2) === 0) socket.end();
  for (let turn = random.int(20); turn > 0 && !socket.destroyed; turn--)
    await new Promise((resolve) => setImmediate(resolve));
  socket.destroy();
  await within('the connection closes', closed);
}

/** Nobody reads it where too much is answered: then it is left after some turns. */
function waitFor(socket: Socket, resolve: (value: unknown) => void): void {
  let turns = 50;
  const look = (): void => {
    if (socket.destroyed || !socket.writableNeedDrain || turns-- === 0) resolve(undefined);
    else setImmediate(look);
  };
  look();
}

function open(address: string): Socket {
  if (address.startsWith('unix:')) return createConnection(address.slice('unix:'.length));
  const { hostname, port } = new URL(address);
  return createConnection(Number(port), hostname);
}
