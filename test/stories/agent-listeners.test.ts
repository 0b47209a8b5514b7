/** Servers that know nothing of a supervisor get its listeners, share them, and end without failing a request. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { connect } from '../../src/index.ts';
import type { ListenerEntry } from '../../src/supervisor/keeper/keeper.ts';
import { until, within } from './fixtures/deadline.ts';
import { inHouse, type Service } from './fixtures/services.ts';

const skip = process.platform === 'win32' && 'there is no keeper';

const urlOf = ({ bound }: ListenerEntry): string => bound.replace('tcp:', 'http:');
const portOf = ({ bound }: ListenerEntry): number => Number(new URL(bound).port);

async function ask(url: string, agent: Agent | false = false): Promise<string> {
  const [response] = (await once(get(url, { agent }), 'response')) as [IncomingMessage];
  return text(response);
}

/** Answers with its pid; to `/slow` at SIGUSR2. */
const server = (listen: string): string => `
  import { createServer } from 'node:http';
  const waiting = [];
  const server = createServer((request, response) => {
    if (request.url !== '/slow') return response.end(String(process.pid));
    waiting.push(response);
    console.log('slow one');
  });
  process.on('SIGUSR2', () => { for (const each of waiting) each.end('slow'); });
  server.${listen};
  server.on('listening', () => console.log('at ' + JSON.stringify(server.address())));
`;

describe('a declared listener', { skip }, () => {
  it('is given to a server as anybody writes it, which says the truth of its address', () =>
    inHouse(async (house) => {
      for (const [kind, listen] of [
        ['mjs', (port: number) => `listen(${port})`],
        ['cjs', (port: number) => `listen(${port})`],
        ['mjs', (port: number) => `listen('${port}', '127.0.0.1', () => console.log('called back'))`],
        [
          'mjs',
          (port: number) => `listen({ port: ${port}, host: 'localhost' }, () => console.log('called back'))`,
        ],
      ] as const) {
        const web = await house.listener('web');
        const program = server(listen(portOf(web)));
        const service = await house.start({
          program:
            kind === 'cjs'
              ? program.replace(
                  "import { createServer } from 'node:http'",
                  "const { createServer } = require('node:http')",
                )
              : program,
          kind,
          listeners: [web],
        });
        const at = { address: '127.0.0.1', family: 'IPv4', port: portOf(web) };
        assert.deepEqual(JSON.parse(await service.said('at ')), at);
        if (program.includes('called back')) await service.said('called back');
        assert.equal(Number(await ask(urlOf(web))), service.pid);
        await service.signal('SIGTERM');
        assert.equal(await service.ended(), 'SIGTERM');
        // The socket is the keeper's: it waits for the next one.
        const visitor = connectSocket(portOf(web), '127.0.0.1');
        await once(visitor, 'connect');
        visitor.destroy();
        await house.keeper.closeListener('web');
      }
    }));

  it('is given at a path, too', () =>
    inHouse(async (house) => {
      const path = join(house.dir, 'web.sock');
      const web = await house.listener('web', `unix:${path}`);
      const service = await house.start({
        program: server(`listen(${JSON.stringify(path)})`),
        listeners: [web],
      });
      assert.equal(JSON.parse(await service.said('at ')), path);
      const [response] = (await once(get({ socketPath: path, agent: false }), 'response')) as [
        IncomingMessage,
      ];
      assert.equal(Number(await text(response)), service.pid);
    }));

  it('is one of several, and what is not declared is bound as usual', () =>
    inHouse(async (house) => {
      const [web, admin, other] = [
        await house.listener('web'),
        await house.listener('admin'),
        await house.listener('other'),
      ];
      const service = await house.start({
        listeners: [web, admin],
        program: `
          import { createServer } from 'node:http';
          for (const [name, port] of [['admin', ${portOf(admin)}], ['web', ${portOf(web)}], ['free', 0], ['taken', ${portOf(other)}]])
            createServer((_request, response) => response.end(name)).listen(port, '127.0.0.1', function () {
              console.log(name + ' ' + this.address().port);
            }).on('error', (error) => console.log(name + ' ' + error.code));`,
      });
      assert.equal(await service.said('taken '), 'EADDRINUSE');
      const free = await service.said('free ');
      assert.ok(![web, admin, other].map(portOf).includes(Number(free)));
      assert.equal(await ask(`http://127.0.0.1:${free}/`), 'free');
      assert.deepEqual([await ask(urlOf(web)), await ask(urlOf(admin))], ['web', 'admin']);
    }));
});

describe('SIGTERM', { skip }, () => {
  it('to one of two that share a listener fails no request of connections that are kept', () =>
    inHouse(async (house) => {
      const web = await house.listener('web');
      const service = { program: server(`listen(${portOf(web)})`), listeners: [web] };
      const both = [await house.start(service), await house.start(service)];
      for (const each of both) await each.said('at ');
      const load = underLoad(urlOf(web));
      try {
        for (let round = 1; round <= 3; round++) {
          await load.more(200);
          const [old] = both.splice(0, 1);
          const next = await house.start(service);
          await next.said('at ');
          both.push(next);
          await old?.signal('SIGTERM');
          assert.equal(await old?.ended(), 'SIGTERM');
          await load.more(200);
        }
      } finally {
        await load.end();
      }
      assert.deepEqual(load.failures, []);
    }));

  it('lets an answer under way be finished, and closes connections on which nothing comes', () =>
    inHouse(async (house) => {
      const web = await house.listener('web');
      const service = await house.start({ program: server(`listen(${portOf(web)})`), listeners: [web] });
      await service.said('at ');
      const kept = new Agent({ keepAlive: true });
      const slow = once(get(`${urlOf(web)}/slow`, { agent: kept }), 'response') as Promise<[IncomingMessage]>;
      await service.said('slow one');
      const idle = connectSocket(portOf(web), '127.0.0.1');
      idle.write('GET / HTTP/1.1\r\nhost: here\r\n\r\n');
      await once(idle, 'data');
      await service.signal('SIGTERM');
      await within('the idle connection is closed', once(idle.resume(), 'close'));
      await service.signal('SIGUSR2');
      const [response] = await slow;
      assert.equal(response.headers.connection, 'close', 'nothing more is to be asked there');
      assert.equal(await text(response), 'slow');
      assert.equal(await service.ended(), 'SIGTERM');
      kept.destroy();
    }));

  it('to one of two that serve calls fails none, and what runs is finished', () =>
    inHouse(async (house) => {
      const web = await house.listener('web');
      const program = `
        import { serve } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)};
        let open = () => {};
        const opened = new Promise((resolve) => { open = resolve; });
        process.on('SIGUSR2', open);
        await serve('${web.bound}', {
          pid: () => process.pid,
          wait: async () => { console.log('waits'); await opened; return process.pid; },
        });
        console.log('serves');`;
      const both = [
        await house.start({ program, listeners: [web] }),
        await house.start({ program, listeners: [web] }),
      ];
      for (const each of both) await each.said('serves');
      const peers = await Promise.all(Array.from({ length: 8 }, () => connect<Serving>(web.bound)));
      let calls = 0;
      let isOver = false;
      const clients = peers.map(async (peer) => {
        while (!isOver) {
          await peer.call.pid();
          calls++;
        }
      });
      const waiting = peers.map((peer) => peer.call.wait());
      await Promise.race(both.map((each) => each.said('waits')));
      const answering = await peers[0]?.call.pid();
      const old = both.find(({ pid }) => pid === answering) as Service;
      await old.signal('SIGTERM');
      const before = calls;
      await until('more calls', () => calls > before + 200);
      for (const each of both) await each.signal('SIGUSR2');
      const pids = await within('what ran is finished', Promise.all(waiting));
      assert.ok(pids.every((pid) => both.some((each) => each.pid === pid)));
      assert.equal(await old.ended(), 'SIGTERM');
      isOver = true;
      await within('the clients end', Promise.all(clients));
      await Promise.all(peers.map((peer) => peer.close()));
    }));

  it('is left to a program that has a handler of its own', () =>
    inHouse(async (house) => {
      const web = await house.listener('web');
      for (const on of ['on', 'once']) {
        const own = `process.${on}('SIGTERM', () => console.log('own'));
          process.on('SIGINT', () => process.exit(7));`;
        const listen = server(`listen(${portOf(web)})`);
        for (const program of [own + listen, listen + own]) {
          const service = await house.start({ program, listeners: [web] });
          await service.said('at ');
          await service.signal('SIGTERM');
          await service.said('own');
          assert.equal(await ask(urlOf(web)), String(service.pid), 'it accepts: that is its own affair');
          await service.signal('SIGINT');
          assert.equal(await service.ended(), 7);
        }
      }
    }));

  it('is heard also by those who listen only where nobody else does', () =>
    inHouse(async (house) => {
      const web = await house.listener('web');
      // As the package signal-exit does.
      const defers = `globalThis[Symbol.for('signal-exit emitter')] = { count: 1 };
        process.on('SIGTERM', function defer() {
          if (process.listeners('SIGTERM').length > 1) return;
          console.log('last words');
          process.off('SIGTERM', defer);
          process.kill(process.pid, 'SIGTERM');
        });`;
      const service = await house.start({
        program: server(`listen(${portOf(web)})`) + defers,
        listeners: [web],
      });
      await service.said('at ');
      const slow = ask(`${urlOf(web)}/slow`);
      await service.said('slow one');
      await service.signal('SIGTERM');
      await service.signal('SIGUSR2');
      assert.equal(await slow, 'slow');
      await service.said('last words');
      assert.equal(await service.ended(), 'SIGTERM');
    }));

  it('waits no longer than it may for what does not end', () =>
    inHouse(async (house) => {
      const web = await house.listener('web');
      const service = await house.start({
        program: server(`listen(${portOf(web)})`),
        listeners: [web],
        graceMs: 500,
      });
      await service.said('at ');
      const slow = ask(`${urlOf(web)}/slow`).catch((error: NodeJS.ErrnoException) => error.code);
      await service.said('slow one');
      await service.signal('SIGTERM');
      assert.equal(await service.ended(), 'SIGTERM');
      assert.equal(await slow, 'ECONNRESET');
    }));
});

interface Serving {
  pid(): number;
  wait(): number;
}

interface Load {
  readonly failures: string[];
  more(answers: number): Promise<void>;
  end(): Promise<void>;
}

/** Eight clients, each with a connection that it keeps, that ask one thing after the other. */
function underLoad(url: string): Load {
  const failures: string[] = [];
  let total = 0;
  let isOver = false;
  const clients = Array.from({ length: 8 }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!isOver)
      try {
        await ask(url, agent);
        total++;
      } catch (error) {
        failures.push(String(error));
      }
    agent.destroy();
  });
  return {
    failures,
    more(count) {
      const wanted = total + count;
      return until(`${count} more answers`, () => total >= wanted);
    },
    async end() {
      isOver = true;
      await within('the clients end', Promise.all(clients));
    },
  };
}
