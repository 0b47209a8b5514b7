/** Open sockets and servers are arguments and results of calls like any other value. */
import assert from 'node:assert/strict';
import type { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it, test } from 'node:test';
import { byteProxy, handOver } from '../../src/handles/index.ts';
import { connect, type KindredError, type Peer, serve } from '../../src/index.ts';
import { type AnyChild, spawn } from '../../src/process/index.ts';
import { until, within } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';
import type { Porter, Reception } from './fixtures/receptionist.ts';
import { onStage, type Player, type Stage } from './fixtures/stage.ts';
import { cutOff, type Door, descriptors, exchange, openDoor, stop, visit } from './fixtures/takers.ts';

/** `npm run soak -- handles` asks for more. */
const soak = Number(process.env['KINDRED_SOAK'] ?? 1);
const skip = process.platform !== 'linux' && 'it looks into /proc';

interface Receptionist {
  readonly name: string;
  readonly child: AnyChild;
  readonly player: Player;
  readonly peer: Peer<Reception>;
  readonly exited: AnyChild['exited'];
  end(): Promise<void>;
}

async function hire(
  stage: Stage,
  name: string,
  options: { channel?: 'ipc' | 'descriptor'; porter?: Porter; descriptors?: number } = {},
): Promise<Receptionist> {
  const { channel = 'ipc', porter = {}, descriptors = 1024 } = options;
  const limited = ['-c', `ulimit -n ${descriptors}; exec "$@"`, 'sh', process.execPath, ...process.execArgv];
  const child = spawn('/bin/sh', [...limited, fixture('receptionist.ts'), name], { channel, env: stage.env });
  stage.watch(child.pid as number);
  const peer = await connect<Reception>(child, { serve: porter });
  const player = await stage.nextPlayer(child.exited);
  return {
    name,
    child,
    player,
    peer,
    exited: child.exited,
    async end() {
      child.kill('SIGKILL');
      await within(`${name} has ended`, child.exited);
    },
  };
}

/** A door, and receptionists behind it. */
function withReception(
  names: readonly string[],
  play: (scene: { stage: Stage; door: Door; crew: [Receptionist, Receptionist] }) => Promise<void>,
): Promise<void> {
  return onStage(async (stage) => {
    const door = await openDoor();
    const crew: Receptionist[] = [];
    for (const name of names) crew.push(await hire(stage, name));
    await play({ stage, door, crew: crew as [Receptionist, Receptionist] });
    for (const each of crew) await each.end();
    await door.close();
  });
}

/** It is ours, as it was: another one can serve it. */
async function assertOurs(accepted: Socket, client: Socket, other: Receptionist): Promise<void> {
  assert.equal(accepted.destroyed, false, 'the socket is not ours any more');
  assert.equal(await other.peer.call.echo(accepted), other.name);
  assert.equal(String(await exchange(client, 'x')), `${other.name}\nx`);
}

describe('a call passes', () => {
  it('a socket, from its very first message on; what was read of it goes along', () =>
    withReception(['a'], async ({ door, crew: [{ peer }] }) => {
      const { client, accepted } = await door.enter();
      accepted.unshift('read before, ');
      assert.equal(await peer.call.echo(accepted), 'a');
      assert.equal(accepted.destroyed, true, 'our copy is closed');
      assert.equal(String(await exchange(client, 'sent after')), 'a\nread before, sent after');
    }));

  it('many sockets at once, in order with the calls around them', () =>
    withReception(['a'], async ({ stage, door, crew: [{ peer }] }) => {
      const visits = [];
      for (let i = 0; i < 40; i++) visits.push(await door.enter());
      const calls: Promise<unknown>[] = [];
      for (const [i, { accepted }] of visits.entries()) {
        calls.push(peer.call.note(`before ${i}`), peer.call.echo(accepted, `takes ${i}`));
        calls.push(peer.call.note(`after ${i}`));
      }
      await within('all are answered', Promise.all(calls));
      assert.deepEqual(
        stage.record.deeds,
        visits.flatMap((_, i) => [`a before ${i}`, `a takes ${i}`, `a after ${i}`]),
      );
      for (const [i, { client }] of visits.entries())
        assert.equal(String(await exchange(client, `call ${i}`)), `a\ncall ${i}`);
    }));

  it('several sockets within one value', () =>
    withReception(['a'], async ({ door, crew: [{ peer }] }) => {
      const visits = [await door.enter(), await door.enter(), await door.enter()];
      assert.equal(await peer.call.echoAll({ sockets: visits.map(({ accepted }) => accepted) }), 3);
      for (const { client } of visits) assert.equal(String(await exchange(client, 'x')), 'a\nx');
    }));

  it('a socket to an http server', () =>
    withReception(['a'], async ({ door, crew: [{ peer }] }) => {
      door.server.on('connection', (socket) => void peer.call.http(socket));
      const response = await fetch(`http://127.0.0.1:${door.port}/x`, { headers: { connection: 'close' } });
      assert.equal(await response.text(), 'a /x');
    }));

  it('a listening server, which stays open on both sides', () =>
    withReception(['a'], async ({ door, crew: [{ peer }] }) => {
      assert.equal(await peer.call.serve(door.server), true);
      assert.equal(door.server.listening, true);
      await door.close();
      assert.equal(await visit({ port: door.port, host: '127.0.0.1' }), 'a');
    }));

  it('a datagram socket, as argument and as result', () =>
    withReception(['a'], async ({ crew: [{ peer }] }) => {
      const given = await peer.call.bind();
      const { port } = given.address();
      assert.equal(await peer.call.answer(given), port);
      given.close();
      const client = createSocket('udp4');
      client.send('?', port, '127.0.0.1');
      const [answer] = (await within('an answer', once(client, 'message'))) as [Buffer];
      assert.equal(String(answer), 'a');
      client.close();
    }));

  it('a socket that the other end has opened, as its result', () =>
    withReception(['a'], async ({ door, crew: [{ peer, player }] }) => {
      const before = await player.ask('descriptors');
      const arriving = once(door.server, 'connection') as Promise<[Socket]>;
      const [[accepted], dialled] = await Promise.all([arriving, peer.call.dial(door.port)]);
      dialled.end('from here');
      assert.equal(String(await exchange(accepted.resume(), 'to there')), 'from here');
      await until('the other end holds none of it', async () => (await player.ask('descriptors')) === before);
    }));

  it('a socket to another process through the common parent', () =>
    onStage(async (stage) => {
      const door = await openDoor();
      const b = await hire(stage, 'b');
      const porter: Porter = { pass: async (_to, socket) => b.peer.call.echo(socket) };
      const a = await hire(stage, 'a', { porter });
      const { client, accepted } = await door.enter();
      assert.equal(await a.peer.call.passOn('b', accepted), 'b');
      assert.equal(String(await exchange(client, 'x')), 'b\nx');
      for (const each of [a, b]) await each.end();
      await door.close();
    }));

  it('a socket to a function that was lent', () =>
    withReception(['a'], async ({ door, crew: [{ peer }] }) => {
      const { client, accepted } = await door.enter();
      const answer = await peer.call.withCallback(async (socket) => {
        socket.end('it came back');
        return 'thanks';
      }, accepted);
      assert.equal(answer, 'thanks');
      assert.equal(String(await exchange(client, '')), 'it came back');
    }));
});

describe('a socket is here again', () => {
  it(
    'when the other end is killed before it has taken it, and every client is answered by another',
    { skip },
    () =>
      withReception(['bad', 'good'], async ({ door, crew: [bad, good] }) => {
        const before = descriptors();
        await stop(bad);
        const visits = [];
        for (let i = 0; i < 10; i++) visits.push(await door.enter());
        const calls = visits.map(({ accepted }) => bad.peer.call.echo(accepted));
        bad.child.kill('SIGKILL');
        for (const result of await within('all fail', Promise.allSettled(calls)))
          assert.equal(result.status === 'rejected' && (result.reason as KindredError).code, 'ERR_PEER_GONE');
        for (const { accepted, client } of visits) await assertOurs(accepted, client, good);
        await until(
          () => `${descriptors()} descriptors are open, and there were ${before}`,
          () => descriptors() <= before,
        );
      }),
  );

  it('when its call is given up, and a process that goes on touches nothing', { skip }, () =>
    withReception(['hung', 'good'], async ({ stage, door, crew: [hung, good] }) => {
      const before = await hung.player.ask('descriptors');
      await hung.player.ask('block');
      await until('it blocks', () => stage.record.deeds.includes('hung blocks'));
      const visits = [await door.enter(), await door.enter(), await door.enter()];
      const controller = new AbortController();
      const caller = hung.peer.with({ signal: controller.signal });
      const calls = visits.map(({ accepted }) => caller.call.echo(accepted));
      controller.abort();
      for (const call of calls) await assert.rejects(call, { code: 'ERR_CANCELLED' });
      for (const { accepted, client } of visits) await assertOurs(accepted, client, good);
      stage.order('go on', 'none');
      await hung.peer.call.note('has gone on');
      assert.equal(await hung.player.ask('open'), 0);
      await until('it has closed all', async () => (await hung.player.ask('descriptors')) === before);
      const { client, accepted } = await door.enter();
      await assertOurs(accepted, client, hung);
    }),
  );

  it('when there is no such function', () =>
    withReception(['a'], async ({ door, crew: [a] }) => {
      const { client, accepted } = await door.enter();
      const stranger = a.peer as unknown as Peer<{ unknown(socket: Socket): void }>;
      await assert.rejects(stranger.call.unknown(accepted), { code: 'ERR_METHOD_NOT_FOUND' });
      await assertOurs(accepted, client, a);
    }));

  it('when another argument cannot be sent', () =>
    withReception(['a'], async ({ door, crew: [a] }) => {
      const { client, accepted } = await door.enter();
      const call = a.peer.call.echo(accepted, Symbol('no') as unknown as string);
      await assert.rejects(call, { code: 'ERR_NOT_ENCODABLE', outcome: 'not-sent' });
      await assertOurs(accepted, client, a);
    }));

  it('when the other end has no free descriptor for it', { skip }, () =>
    onStage(async (stage) => {
      const door = await openDoor();
      const poor = await hire(stage, 'poor', { descriptors: 256 });
      const { client, accepted } = await door.enter();
      await poor.peer.call.note('it is a Kindred');
      await poor.player.ask('exhaust');
      await assert.rejects(within('it is told', poor.peer.call.echo(accepted) as Promise<string>), {
        code: 'ERR_HANDLE_LOST',
        outcome: 'not-sent',
        message: /too many open descriptors/,
      });
      await poor.player.ask('relieve');
      await assertOurs(accepted, client, poor);
      await poor.end();
      await door.close();
    }),
  );

  it('when the peer is closed on this side', () =>
    withReception(['a', 'b'], async ({ door, crew: [a, b] }) => {
      const { client, accepted } = await door.enter();
      const call = assert.rejects(a.peer.call.echo(accepted), { code: 'ERR_CLOSED' });
      await a.peer.close();
      await call;
      await assertOurs(accepted, client, b);
    }));
});

test('a function that ends its process takes along what it was called with, and no more', () =>
  withReception(['a', 'b'], async ({ door, crew: [a, b] }) => {
    const [first, second] = [await door.enter(), await door.enter()];
    const [cut, cutAsWell] = [cutOff(first.client), cutOff(second.client)];
    cutAsWell.catch(() => {});
    const calls = [a.peer.call.exit(first.accepted), a.peer.call.echo(second.accepted)];
    for (const result of await within('both fail', Promise.allSettled(calls)))
      assert.equal(result.status === 'rejected' && (result.reason as KindredError).code, 'ERR_PEER_GONE');
    await cut;
    assert.equal(first.accepted.destroyed, true);
    // It may have been asked for, too, before the first function ran.
    if (second.accepted.destroyed) await cutAsWell;
    else await assertOurs(second.accepted, second.client, b);
  }));

test('what is handed over without calls goes over the same channel beside them', () =>
  withReception(['a'], async ({ door, crew: [{ child, peer }] }) => {
    await peer.call.note('it is a Kindred');
    const visits = [await door.enter(), await door.enter(), await door.enter(), await door.enter()];
    const given = visits.map(({ accepted }, i) =>
      i % 2 === 0 ? peer.call.echo(accepted) : handOver(child).give(accepted),
    );
    const outcomes = await within('all are taken', Promise.all<unknown>(given));
    assert.deepEqual(outcomes, ['a', { kind: 'accepted' }, 'a', { kind: 'accepted' }]);
    for (const { client } of visits) assert.equal(String(await exchange(client, 'x')), 'a\nx');
    assert.equal(await peer.call.note('still a Kindred'), undefined);
  }));

test('a socket that was closed on its way is told to both sides', { skip }, () =>
  withReception(['a'], async ({ door, crew: [a] }) => {
    await stop(a);
    const { client, accepted } = await door.enter();
    const call = a.peer.call.echo(accepted);
    client.resetAndDestroy();
    await once(client, 'close');
    a.child.kill('SIGCONT');
    await assert.rejects(within('it is told', call), { code: 'ERR_HANDLE_LOST', outcome: 'not-sent' });
    assert.equal(accepted.destroyed, true);
    assert.equal(await a.player.ask('open'), 0);

    const late = await door.enter();
    late.accepted.destroy();
    await assert.rejects(a.peer.call.echo(late.accepted), { code: 'ERR_HANDLE_LOST', outcome: 'not-sent' });
    late.client.destroy();
  }),
);

describe('where it cannot be passed', () => {
  it('over another channel, a clear error says so, and the socket is as it was', () =>
    onStage(async (stage) => {
      const door = await openDoor();
      const good = await hire(stage, 'good');
      const child = await hire(stage, 'far', { channel: 'descriptor' });
      const server = await serve('tcp://127.0.0.1:0', { echo: () => {} }, { allowAnyone: true });
      const remote = await connect<{ echo(socket: Socket): void }>(server.address);
      for (const peer of [child.peer, remote]) {
        const { client, accepted } = await door.enter();
        await assert.rejects(peer.call.echo(accepted) as Promise<unknown>, {
          code: 'ERR_NOT_SUPPORTED',
          outcome: 'not-sent',
          message: /a socket cannot be passed over .*channel: 'ipc'.*byteProxy/,
        });
        await assertOurs(accepted, client, good);
      }
      await assert.rejects(child.peer.call.serve(door.server), {
        code: 'ERR_NOT_SUPPORTED',
        message: /a server/,
      });
      await remote.close();
      await server.close();
      for (const each of [good, child]) await each.end();
      await door.close();
    }));

  it('with a notification neither', () =>
    withReception(['a'], async ({ door, crew: [a] }) => {
      await a.peer.call.note('it is a Kindred');
      const { client, accepted } = await door.enter();
      await assert.rejects(a.peer.notify.echo(accepted), {
        code: 'ERR_NOT_ENCODABLE',
        message: /with a call/,
      });
      await assertOurs(accepted, client, a);
    }));

  it('its bytes are, where a byte proxy is asked for, in both directions', () =>
    onStage(async (stage) => {
      const door = await openDoor();
      const { peer, end } = await hire(stage, 'far', { channel: 'descriptor' });
      const { client, accepted } = await door.enter();
      const done = peer.call.proxied(byteProxy(accepted));
      const sent = randomBytes(3_000_000);
      const answer = await exchange(client, sent);
      assert.equal(String(answer.subarray(0, 4)), 'far\n');
      assert.equal(answer.length, 4 + sent.length);
      assert.ok(answer.subarray(4).equals(sent), 'bytes are bent');
      await within('the call is over', done);
      await until('the socket is closed here', () => accepted.destroyed);

      // The client leaves in the middle.
      const second = await door.enter();
      const cut = peer.call.proxied(byteProxy(second.accepted));
      await within('its name', once(second.client, 'data'));
      second.client.resetAndDestroy();
      await assert.rejects(within('the call fails', cut), { code: 'ERR_REMOTE' });
      assert.equal(second.accepted.destroyed, true);

      // The other end leaves in the middle.
      const third = await door.enter();
      const lost = assert.rejects(peer.call.proxied(byteProxy(third.accepted)), { code: 'ERR_PEER_GONE' });
      await within('its name', once(third.client, 'data'));
      const over = cutOff(third.client);
      await end();
      await lost;
      await over;
      assert.equal(third.accepted.destroyed, true);
      await door.close();
    }));
});

test(
  `no descriptor is left over ${500 * soak} calls that pass a socket`,
  { skip, timeout: 60_000 * soak },
  (t) =>
    withReception(['a'], async ({ door, crew: [{ peer, player }] }) => {
      const total = 500 * soak;
      const pass = async (n: number): Promise<void> => {
        const { client, accepted } = await door.enter();
        await peer.call.echo(accepted);
        assert.equal(String(await exchange(client, `call ${n}`)), `a\ncall ${n}`);
      };
      await pass(-1);
      const before = { ours: descriptors(), theirs: await player.ask('descriptors') };
      const start = performance.now();
      for (let n = 0; n < total; n++) await pass(n);
      const seconds = (performance.now() - start) / 1000;
      await until(
        () => `${descriptors()} descriptors are open here, and there were ${before.ours}`,
        async () => descriptors() <= before.ours && (await player.ask('descriptors')) === before.theirs,
      );
      t.diagnostic(
        `${total} calls in ${seconds.toFixed(1)} s; descriptors here ${before.ours} -> ${descriptors()}`,
      );
    }),
);

test('within one process a socket is passed as it is', async () => {
  const server = await serve('memory:reception', { welcome: (socket: Socket) => void socket.end('welcome') });
  const peer = await connect<{ welcome(socket: Socket): void }>('memory:reception');
  const door = await openDoor();
  const { client, accepted } = await door.enter();
  await peer.call.welcome(accepted);
  assert.equal(String(await exchange(client, '')), 'welcome');
  await door.close();
  await peer.close();
  await server.close();
});
