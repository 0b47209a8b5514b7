/** What one process accepts is served by many: by rules, over every protocol, whoever dies. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage, request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { describe, it, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import {
  byFirstBytes,
  byPriority,
  type RouteOptions,
  type Router,
  type RouteWorker,
  roundRobin,
  route,
  stickyByAddress,
} from '../../src/handles/index.ts';
import { certificates } from '../programs/certificates.ts';
import { until, within } from './fixtures/deadline.ts';
import { createRandom, seed } from './fixtures/random.ts';
import { onStage, type Stage } from './fixtures/stage.ts';
import {
  type Door,
  endTakers,
  exchange,
  nameOf,
  openDoor,
  startWorker,
  stop,
  visit,
} from './fixtures/takers.ts';

/** `npm run soak -- handles` asks for more. */
const soak = Number(process.env['KINDRED_SOAK'] ?? 1);
const linuxOnly = process.platform !== 'linux' && 'it looks into /proc, or needs all of 127.0.0.0/8';

type Crew = Awaited<ReturnType<typeof startWorker>>[];

interface Scene {
  stage: Stage;
  door: Door;
  router: Router;
  workers: Crew;
}

/** A door whose connections go to workers that serve one protocol. */
function withWorkers(
  names: readonly string[],
  kind: string,
  options: Omit<RouteOptions, 'to'> & { env?: NodeJS.ProcessEnv; host?: string; roles?: boolean },
  play: (scene: Scene) => Promise<void>,
): Promise<void> {
  return onStage(async (stage) => {
    const { env, host, roles, ...rest } = options;
    const workers: Crew = [];
    for (const name of names)
      workers.push(
        await startWorker(stage, name, kind, {
          ...(env === undefined ? {} : { env }),
          ...(roles === true ? { roles: [name] } : {}),
        }),
      );
    const door = await openDoor(host);
    const router = route(door.server, { ...rest, to: workers.map(({ worker }) => worker) });
    await play({ stage, door, router, workers });
    await within('the router is closed', router.close());
    await endTakers(...workers);
    await door.close();
  });
}

describe('a worker serves', () => {
  test('http, several requests on one connection', () =>
    withWorkers(['a', 'b'], 'http', { pick: roundRobin() }, async ({ door, router }) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const ask = async (path: string): Promise<string> => {
        const sent = get({ port: door.port, host: '127.0.0.1', path, agent });
        const [response] = (await within('an answer', once(sent, 'response'))) as [IncomingMessage];
        let body = '';
        for await (const chunk of response) body += String(chunk);
        return body;
      };
      for (const path of ['/1', '/2', '/3']) assert.equal(await ask(path), `a ${path}`);
      assert.equal(router.counts.routed, 1);
      agent.destroy();
    }));

  test('http2 without encryption', () =>
    withWorkers(['a'], 'http2', {}, async ({ door }) => {
      const session = connectHttp2(`http://127.0.0.1:${door.port}`);
      for (const path of ['/1', '/2']) {
        const stream = session.request({ ':path': path });
        let body = '';
        for await (const chunk of stream) body += String(chunk);
        assert.equal(body, `a ${path}`);
      }
      session.close();
      await within('the session is closed', once(session, 'close'));
    }));

  test('tls', async () => {
    const { authority, server } = await certificates();
    await withWorkers(['a'], 'tls', { env: { KEY: server.key, CERT: server.cert } }, async ({ door }) => {
      const client = connectTls({ port: door.port, host: '127.0.0.1', ca: authority.cert });
      assert.equal(String(await exchange(client, 'hello')), 'a hello');
      assert.equal(client.authorized, true);
    });
  });

  test('a WebSocket, or whatever else a connection is upgraded to', () =>
    withWorkers(['a'], 'http', {}, async ({ door }) => {
      const sent = request({
        port: door.port,
        host: '127.0.0.1',
        headers: { connection: 'upgrade', upgrade: 'echo' },
      });
      sent.end();
      const [, socket, head] = (await within('the upgrade', once(sent, 'upgrade'))) as [
        unknown,
        Socket,
        Buffer,
      ];
      assert.equal(String(head) + String(await exchange(socket, 'frame')), 'a frame');
    }));

  for (const kind of ['http', 'http2', 'tls'] as const)
    test(`${kind}, also where a rule has looked at the first bytes`, async () => {
      const { authority, server } = await certificates();
      const keys: string[] = [];
      const pick = byFirstBytes({
        key(bytes) {
          if (bytes.length < 3) return undefined;
          keys.push(bytes.subarray(0, 3).toString('latin1'));
          return keys[0];
        },
      });
      await withWorkers(
        ['a'],
        kind,
        { pick, env: { KEY: server.key, CERT: server.cert } },
        async ({ door }) => {
          if (kind === 'http') {
            const [response] = (await within(
              'an answer',
              once(get({ port: door.port, host: '127.0.0.1', path: '/x', agent: new Agent() }), 'response'),
            )) as [IncomingMessage];
            let body = '';
            for await (const chunk of response) body += String(chunk);
            assert.equal(body, 'a /x');
          } else if (kind === 'http2') {
            const session = connectHttp2(`http://127.0.0.1:${door.port}`);
            let body = '';
            for await (const chunk of session.request({ ':path': '/x' })) body += String(chunk);
            assert.equal(body, 'a /x');
            session.close();
            await within('the session is closed', once(session, 'close'));
          } else {
            const client = connectTls({ port: door.port, host: '127.0.0.1', ca: authority.cert });
            assert.equal(String(await exchange(client, 'hello')), 'a hello');
          }
        },
      );
      assert.equal(keys[0], { http: 'GET', http2: 'PRI', tls: '\x16\x03\x01' }[kind]);
    });
});

describe('by rule', () => {
  it(
    'connections from and to certain addresses go to the special worker, the rest to the normal one',
    { skip: linuxOnly },
    () =>
      withWorkers(
        ['normal', 'special'],
        'line',
        { host: '0.0.0.0', roles: true, pick: byPriority({ remote: '127.0.0.2', local: '127.0.0.3' }) },
        async ({ door: { port } }) => {
          const cases: [string, string, string][] = [
            ['127.0.0.1', '127.0.0.1', 'normal'],
            ['127.0.0.2', '127.0.0.1', 'special'],
            ['127.0.0.1', '127.0.0.3', 'special'],
            ['127.0.0.1', '127.0.0.2', 'normal'],
          ];
          for (const [localAddress, host, expected] of cases)
            assert.equal(
              nameOf(await visit({ port, host, localAddress })),
              expected,
              `${localAddress} to ${host}`,
            );
        },
      ),
  );

  it(
    'connections of one address stay with one worker, and only those of a worker that ends move',
    { skip: linuxOnly },
    () =>
      withWorkers(
        ['a', 'b', 'c'],
        'line',
        { pick: stickyByAddress() },
        async ({ door: { port }, workers }) => {
          const addresses = Array.from({ length: 12 }, (_, i) => `127.0.1.${i + 1}`);
          const servedBy = async (): Promise<Map<string, string>> => {
            const served = new Map<string, string>();
            for (const localAddress of addresses)
              served.set(localAddress, nameOf(await visit({ port, host: '127.0.0.1', localAddress })));
            return served;
          };
          const before = await servedBy();
          assert.deepEqual(await servedBy(), before);
          const leaving = workers.find(
            ({ name }) => name === before.get('127.0.1.1'),
          ) as (typeof workers)[number];
          await endTakers(leaving);
          for (const [address, name] of await servedBy())
            if (before.get(address) !== leaving.name) assert.equal(name, before.get(address));
            else assert.notEqual(name, leaving.name);
        },
      ),
  );

  it('first bytes decide, and arrive as they were', () => {
    // Every byte there is, and the key in front.
    const bytes = Buffer.concat([
      Buffer.from([0xff, 0x00]),
      Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
    ]);
    const pick = byFirstBytes({
      key: (seen) => (seen.length < 2 ? undefined : seen.subarray(0, 2).toString('hex')),
    });
    return withWorkers(['a', 'b'], 'echo', { pick }, async ({ door: { port } }) => {
      const names = new Set<string>();
      for (let i = 0; i < 4; i++) {
        const client = connect(port, '127.0.0.1');
        await once(client, 'connect');
        client.write(bytes.subarray(0, 1));
        const answer = await exchange(client, bytes.subarray(1));
        names.add(nameOf(answer));
        assert.ok(answer.subarray(2).equals(bytes), 'bytes are lost, or bent');
      }
      assert.equal(names.size, 1);
    });
  });
});

describe('where workers cannot take it', () => {
  it('a connection waits until one is ready', () =>
    onStage(async (stage) => {
      const workers: RouteWorker[] = [];
      const door = await openDoor();
      const router = route(door.server, { to: () => workers });
      const answer = visit({ port: door.port, host: '127.0.0.1' });
      await until('it waits', () => router.counts.waiting === 1);
      const taker = await startWorker(stage, 'late', 'line');
      workers.push(taker.worker);
      assert.equal(nameOf(await answer), 'late');
      await router.close();
      await endTakers(taker);
      await door.close();
    }));

  it('workers that are full, draining, hung or dead are passed over', { skip: linuxOnly }, () =>
    withWorkers(
      ['full', 'draining', 'hung', 'dead', 'good'],
      'line',
      { pick: roundRobin() },
      async ({ door, workers }) => {
        const [full, draining, hung, dead] = workers as [Crew[0], Crew[0], Crew[0], Crew[0]];
        await full.player.ask('full');
        draining.worker.drain();
        await stop(hung);
        await endTakers(dead);
        await until('the giver knows it is full', () => full.worker.state === 'full');
        for (let i = 0; i < 6; i++)
          assert.equal(nameOf(await visit({ port: door.port, host: '127.0.0.1' })), 'good');
        assert.deepEqual(
          workers.map(({ worker }) => worker.state),
          ['full', 'draining', 'hung', 'dead', 'available'],
        );
        await full.player.ask('available');
        await until('the giver knows it is not', () => full.worker.state === 'available');
      },
    ),
  );

  it('no more connections are given to a worker than it may have', () =>
    onStage(async (stage) => {
      const taker = await startWorker(stage, 'a', 'echo', { maxOpen: 2 });
      const door = await openDoor();
      const router = route(door.server, { to: [taker.worker] });
      const clients = await Promise.all(
        [1, 2, 3].map(async () => {
          const client = connect(door.port, '127.0.0.1');
          await once(client, 'connect');
          return client;
        }),
      );
      await until('two are served', () => router.counts.routed === 2 && router.counts.waiting === 1);
      assert.deepEqual(taker.worker.state, 'full');
      const answered = clients.map((client) => within('its name', once(client, 'data')));
      await Promise.any(answered);
      // One of those that are served leaves.
      const [served] = await Promise.race(
        clients.map(async (client, i) => {
          await answered[i];
          return [client] as const;
        }),
      );
      served.destroy();
      await Promise.all(answered);
      assert.equal(router.counts.routed, 3);
      for (const client of clients) client.destroy();
      await router.close();
      await endTakers(taker);
      await door.close();
    }));
});

const total = 500 * soak;

test(
  `${total} connections while workers are killed at random: each is answered, or cut with its worker, none hangs`,
  {
    timeout: 120_000 * soak,
  },
  (t) =>
    onStage(async (stage) => {
      const random = createRandom(seed);
      let crew: Crew = [];
      let hired = 0;
      const hire = async (): Promise<void> => {
        crew.push(await startWorker(stage, `worker-${++hired}`, 'line'));
      };
      for (let i = 0; i < 3; i++) await hire();
      const door = await openDoor();
      const router = route(door.server, { to: () => crew.map(({ worker }) => worker) });
      let started = 0;
      let cutAtMost = 0;
      let killed = 0;
      let hiring: Promise<void> = Promise.resolve();
      const counts = { answered: 0, cut: 0, refused: 0 };
      const longestMs: number[] = [];

      const kill = async (): Promise<void> => {
        const victim = random.pick(crew);
        crew = crew.filter((each) => each !== victim);
        // Those that it has, and those whose word of acceptance is still on its way to us.
        cutAtMost += victim.worker.open;
        killed++;
        await endTakers(victim);
        await hire();
      };
      const client = async (): Promise<void> => {
        while (started < total) {
          const n = started++;
          // One at a time: stories know who reports in by the order.
          if (n > 0 && n % 50 === 0) hiring = hiring.then(kill);
          const start = performance.now();
          const socket = connect(door.port, '127.0.0.1');
          const answer = await within(`connection ${n} ends`, settled(socket, `call ${n}\n`));
          longestMs.push(performance.now() - start);
          if (/^worker-\d+ call \d+\n$/.test(answer)) {
            assert.ok(answer.endsWith(` call ${n}\n`), `the answer to another one: ${answer}`);
            counts.answered++;
          } else counts.cut++;
        }
      };
      await Promise.all(Array.from({ length: 20 }, client));
      await hiring;
      const { routed, rerouted, refused, gone, waiting, onTheWay } = router.counts;
      t.diagnostic(
        `seed ${seed}: ${total} connections, ${killed} workers killed: ${counts.answered} answered, ${counts.cut} cut with their worker, ${refused} refused, ${gone} gone, ${rerouted} routed again; longest ${Math.max(...longestMs).toFixed(0)} ms`,
      );
      assert.equal(counts.answered + counts.cut, total);
      assert.ok(counts.cut <= cutAtMost, `${counts.cut} were cut, and the killed workers had ${cutAtMost}`);
      assert.deepEqual(
        { all: routed + refused + gone, refused, gone, waiting, onTheWay },
        { all: total, refused: 0, gone: 0, waiting: 0, onTheWay: 0 },
      );
      const served = stage.record.deeds.filter((deed) => deed.startsWith('call '));
      assert.equal(new Set(served).size, served.length, 'a connection was served twice');
      await router.close();
      await endTakers(...crew);
      await door.close();
    }),
);

/** What was answered, or how it failed. */
function settled(socket: Socket, text: string): Promise<string> {
  return new Promise((resolve) => {
    let said = '';
    socket.on('data', (chunk) => {
      said += String(chunk);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
    socket.once('close', () => resolve(said));
    socket.end(text);
  });
}
