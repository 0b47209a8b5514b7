/** Both ends of a channel serve and call; a server knows its peers, and speaks to one, some or all of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, currentCall, type Peer, serve } from '../../src/index.ts';
import { type AnyChild, fork } from '../../src/process/index.ts';
import { until, within } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';

/** What the program `member.ts` offers to the server that it connects to. */
interface Member {
  name(): string;
  hear(words: string): void;
  heard(): string[];
  /** Calls back, and is called back, until the count is down. */
  bounce(count: number): Promise<number>;
  leave(): void;
}

interface Meeting {
  whoAmI(): string;
  bounce(count: number): Promise<number>;
  /** Says it to all others. */
  tellOthers(words: string): Promise<number>;
}

async function openMeeting() {
  let seats = 0;
  // One that is killed is to be gone at once.
  const limits = { resumeMs: 0 };
  const meeting = (peer: Peer<Member>) => {
    // A service of its own for each.
    const seat = ++seats;
    return {
      whoAmI: () => `seat ${seat}`,
      async bounce(count: number): Promise<number> {
        assert.equal(currentCall().peer, peer);
        return count === 0 ? 0 : 1 + (await peer.call.bounce(count - 1));
      },
      async tellOthers(words: string) {
        const others = [...server.peers].filter((other) => other !== peer);
        await Promise.all(others.map((other) => other.notify.hear(words)));
        return others.length;
      },
    } satisfies { [Name in keyof Meeting]: (...args: never[]) => unknown };
  };
  const server = await serve<Member>('tcp://127.0.0.1:0', meeting, { limits });
  return server;
}

async function bringMembers(address: string, count: number): Promise<AnyChild[]> {
  return Array.from({ length: count }, (_, n) =>
    fork(fixture('member.ts'), [address, `member ${n}`], { channel: 'none' }),
  );
}

test('a server talks to one, some and all of its peers, who are other processes, and each has a service of its own', async () => {
  const server = await openMeeting();
  const children = await bringMembers(server.address, 3);
  await until('all are there', () => server.peers.size === 3);
  const peers = [...server.peers];
  const names = await within('they tell their names', Promise.all(peers.map((peer) => peer.call.name())));
  assert.deepEqual(names.toSorted(), ['member 0', 'member 1', 'member 2']);

  await within('all are told', server.notify.hear('to all'));
  await (peers[0] as Peer<Member>).notify.hear('to one');
  const heard = await Promise.all(peers.map((peer) => peer.call.heard()));
  assert.deepEqual(heard, [['to all', 'to one'], ['to all'], ['to all']]);

  assert.equal(await within('it bounces', (peers[0] as Peer<Member>).call.bounce(100)), 100);

  // One of them is killed: the others are told all the same, and it is no longer among the peers.
  (children[names.indexOf('member 0')] as AnyChild).kill('SIGKILL');
  await within('the rest is told', server.notify.hear('to the rest'));
  await until('two are left', () => server.peers.size === 2);
  for (const peer of server.peers) assert.ok((await peer.call.heard()).includes('to the rest'));

  // They end when the server has gone.
  await server.close();
  for (const child of children) await within('they end', child.exited);
});

test('members of a meeting speak to each other through the server', async () => {
  const server = await openMeeting();
  const heard: string[][] = [[], [], []];
  const peers = await Promise.all(
    heard.map((words) =>
      connect<Meeting>(server.address, { serve: { hear: (said: string) => void words.push(said) } }),
    ),
  );
  assert.equal(new Set(await Promise.all(peers.map((peer) => peer.call.whoAmI()))).size, 3);
  const told = await Promise.all(peers.map((peer, n) => peer.call.tellOthers(`from ${n}`)));
  assert.deepEqual(told, [2, 2, 2]);
  await until('all is heard', () => heard.every((words) => words.length === 2));
  assert.deepEqual(
    heard.map((words) => words.toSorted()),
    [
      ['from 1', 'from 2'],
      ['from 0', 'from 2'],
      ['from 0', 'from 1'],
    ],
  );
  for (const peer of peers) await peer.close();
  await server.close();
});

test('a peer that reads nothing does not keep the others from being told', async () => {
  const server = await openMeeting();
  const { createConnection } = await import('node:net');
  const stuck = createConnection(Number(new URL(server.address.replace('tcp', 'http')).port), '127.0.0.1');
  stuck.on('error', () => {});
  // It has said something, so that it is known what it speaks; and never reads.
  stuck.pause();
  stuck.write('{"jsonrpc":"2.0","method":"nothing"}\n');
  const words: string[] = [];
  const peer = await connect<Meeting>(server.address, {
    serve: { hear: (said: string) => void words.push(said) },
  });
  await peer.call.whoAmI();
  await until('both are there', () => server.peers.size === 2);
  const much = 'x'.repeat(1024 * 1024);
  // Far more than may wait for the one that is stuck.
  const told = Array.from({ length: 40 }, () => server.notify.hear(much).catch((error: unknown) => error));
  await until('the other hears all', () => words.length === 40);
  stuck.destroy();
  await within('the server is not held up for ever', Promise.all(told));
  await peer.close();
  await server.close();
});
