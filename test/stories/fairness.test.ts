// Nobody waits for what another one asks for, and large messages take no more memory than they have to.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { it } from 'node:test';
import { connect, type Hosted, host, type Peer, serve } from 'kindred';
import { forgetPeak, peak } from './fixtures/large.ts';
import { onStage, type Stage } from './fixtures/stage.ts';

type Crowd = typeof import('./fixtures/crowd.ts');
type Large = typeof import('./fixtures/large.ts');
type Idle = typeof import('./fixtures/idle.ts');
type Echo = { echo(value: number): number };
const MiB = 1024 * 1024;

/** A module in a process of its own, which must be gone when the story is over. */
async function hosted<Module>(stage: Stage, name: string, execArgv?: string[]): Promise<Hosted<Module>> {
  const child = await host<Module>(new URL(`./fixtures/${name}.ts`, import.meta.url), { execArgv });
  stage.watch(child.pid as number);
  return child;
}

it('pings and small calls are answered in the midst of a result of 100 MB', () =>
  onStage(async (stage) => {
    const limits = { maxMessageBytes: 128 * MiB };
    const child = await hosted<Large>(stage, 'large');
    await child.call.open('local:large', limits);
    const peer = await connect<Large>('local:large', { limits });
    await peer.call.large(100e6, 'prepare');
    let isThere = false;
    const result = peer.call.large(100e6).then((bytes) => {
      isThere = true;
      return bytes;
    });
    let answered = 0;
    while (!isThere) {
      await peer.ping();
      assert.equal(await peer.call.echo(answered), answered);
      answered++;
    }
    assert.equal((await result).byteLength, 100e6);
    // The result takes some 800 frames, between any two of which there is a place for others.
    assert.ok(answered >= 10, `only ${answered} pings and calls were answered meanwhile`);
    await peer.close();
    await child.close();
  }));

it('one peer with a thousand calls in flight does not keep another one from its turn', () =>
  onStage(async (stage) => {
    let counted = 0;
    const server = await serve('local:fairness', { count: () => ++counted, look: () => counted });
    const crowd = await hosted<Crowd>(stage, 'crowd');
    await crowd.call.burst('local:fairness', 1000);
    const polite = await connect<{ look(): number }>('local:fairness');
    const start = await polite.call.look();
    const waits: number[] = [];
    for (let i = 0; i < 200; i++) {
      const before = counted;
      waits.push((await polite.call.look()) - before);
    }
    await crowd.call.rest();
    assert.ok(counted - start > 1000, 'the other peer was busy all the time');
    // Of what others ask for, no more comes first than they may have in flight, twice: what is read, and what has come since.
    assert.ok(Math.max(...waits) <= 2048, `${Math.max(...waits)} calls of another peer came first`);
    await polite.close();
    await crowd.close();
    await server.close();
  }));

it(
  'an echo of 32 MiB takes three times its size at most, on either side',
  { skip: process.platform !== 'linux' },
  () =>
    onStage(async (stage) => {
      const child = await hosted<Large>(stage, 'large');
      const sent = new Uint8Array(32 * MiB).fill(7);
      assert.equal((await child.call.bytes(sent.subarray(0, MiB))).byteLength, MiB);
      forgetPeak();
      await child.call.forgetPeak();
      // The message itself is there already on this side.
      const before = { own: peak() - sent.byteLength, theirs: await child.call.peak() };
      const got = await child.call.bytes(sent);
      const after = { own: peak(), theirs: await child.call.peak() };
      assert.equal(got.byteLength, sent.byteLength);
      for (const side of ['own', 'theirs'] as const) {
        const messages = (after[side] - before[side]) / sent.byteLength;
        assert.ok(messages > 0.5 && messages <= 3, `${side}: ${messages.toFixed(2)} times the message`);
      }
      await child.close();
    }),
);

it('an idle connection holds little beyond its socket', () =>
  onStage(async (stage) => {
    const execArgv = [...process.execArgv, '--expose-gc'];
    const server = await hosted<Idle>(stage, 'idle', execArgv);
    const path = join(stage.dir, 'bare.sock');
    await server.call.open('local:idle', path);
    const count = 400;
    const peers: Peer<Echo>[] = [];
    const sockets: Socket[] = [];
    const openPeer = async (): Promise<void> => {
      const peer = await connect<Echo>('local:idle');
      assert.equal(await peer.call.echo(1), 1);
      peers.push(peer);
    };
    const openSocket = async (): Promise<void> => {
      const socket = createConnection(path);
      socket.write('1');
      await once(socket, 'data');
      sockets.push(socket);
    };
    const each = async (open: () => Promise<void>): Promise<number> => {
      // What the first few need once is not theirs alone.
      for (let i = 0; i < 50; i++) await open();
      const before = await server.call.heap();
      for (let i = 0; i < count; i++) await open();
      return ((await server.call.heap()) - before) / count;
    };
    const bare = await each(openSocket);
    const kindred = await each(openPeer);
    for (const socket of sockets) socket.destroy();
    await Promise.all(peers.map((peer) => peer.close()));
    await server.close();
    assert.ok(bare > 0 && kindred > bare, `${bare} and ${kindred} bytes`);
    assert.ok(kindred - bare <= 16 * 1024, `${kindred - bare} bytes beyond the ${bare} of a bare socket`);
  }));
