import assert from 'node:assert/strict';
import cluster from 'node:cluster';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type Clock, systemClock } from '../base/clock.ts';
import type { KindredError } from '../base/errors.ts';
import { type Cores, type CoresOptions, cores, coresIn } from './cores.ts';
import type { Hosted } from './hosted.ts';

const module = new URL('./fixtures/cored.ts', import.meta.url);
const broken = new URL('./fixtures/broken.ts', import.meta.url);
type Cored = typeof import('./fixtures/cored.ts');

/** With cores that end with the test. */
async function withCores(
  options: CoresOptions,
  test: (web: Cores<Cored>, ask: (path?: string, agent?: Agent) => Promise<number>) => Promise<void>,
): Promise<void> {
  const web = await cores<Cored>(module, { count: 2, ...options });
  const pids = [...web.peers].map((peer) => peer.pid as number);
  try {
    await test(web, (path = '/', agent) => ask(web, path, agent));
  } finally {
    await web.close();
  }
  assert.equal(web.peers.size, 0);
  for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
}

/** The pid of the core that has answered. */
async function ask(web: Cores<Cored>, path: string, agent: Agent | false = false): Promise<number> {
  const [address = ''] = web.addresses;
  const request = get(`${address.replace('tcp:', 'http:')}${path}`, { agent });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return Number(await text(response));
}

/** The next core that is up. */
function nextUp(): Promise<{ pid: number }> {
  return new Promise((resolve) => {
    const onUp = (message: unknown): void => {
      unsubscribe('kindred:core.up', onUp);
      resolve(message as { pid: number });
    };
    subscribe('kindred:core.up', onUp);
  });
}

const rejection = async (work: Promise<unknown>): Promise<KindredError> =>
  work.then(
    () => assert.fail('should have failed'),
    (error) => error as KindredError,
  );
const firstOf = (web: Cores<Cored>): Hosted<Cored> => [...web.peers][0] as Hosted<Cored>;

describe('an unmodified server on every core', () => {
  it('listens at one port, and can be called in each of them', () =>
    withCores({}, async (web, ask) => {
      assert.equal(web.peers.size, 2);
      assert.equal(web.addresses.length, 1);
      const pids = await Promise.all([...web.peers].map(async (peer) => (await peer.call.where()).pid));
      assert.deepEqual(
        pids,
        [...web.peers].map(({ pid }) => pid),
      );
      assert.ok(pids.includes(await ask()));
      await web.notify.tell();
      for (const peer of web.peers) assert.equal((await peer.call.where()).told, 1);
    }));

  it('calls back, and has the environment that it is given and no other', () =>
    withCores({ env: { CORED_TEST: 'yes' }, serve: { name: () => 'the parent' } }, async (web) => {
      const core = firstOf(web);
      assert.equal(await core.call.askBack(), 'the parent');
      assert.equal(await core.call.env('CORED_TEST'), 'yes');
      assert.equal(await core.call.env('HOME'), undefined);
    }));

  it('leaves the settings of node:cluster as they were', async () => {
    cluster.setupPrimary({ exec: '/of/the/program.js', args: ['its', 'own'], cwd: '/' });
    await withCores({ count: 1, cwd: process.cwd() }, async () => {});
    const { exec, args, cwd, stdio } = cluster.settings;
    assert.deepEqual([exec, args, cwd, stdio], ['/of/the/program.js', ['its', 'own'], '/', undefined]);
    assert.deepEqual(Object.keys(cluster.workers ?? {}), []);
  });
});

describe('a core that', () => {
  it('ends is started again, with the others going on meanwhile', () =>
    withCores({}, async (web, ask) => {
      const [victim, other] = [...web.peers] as [Hosted<Cored>, Hosted<Cored>];
      const coming = nextUp();
      await rejection(victim.call.crash(3));
      assert.deepEqual(await victim.exited, { exitCode: 3, signal: null });
      assert.equal(await ask(), other.pid);
      const { pid } = await coming;
      assert.deepEqual(
        [...web.peers].map((peer) => peer.pid),
        [other.pid, pid],
      );
      assert.equal(web.addresses.length, 1);
    }));

  it('is told to end finishes what runs, takes nothing new, and is started again', () =>
    withCores({ count: 1 }, async (web, ask) => {
      const core = firstOf(web);
      const held = ask('/held', new Agent({ keepAlive: true }));
      while ((await core.call.holds()) === 0);
      const coming = nextUp();
      process.kill(core.pid as number, 'SIGTERM');
      // Whatever was accepted before is answered.
      while (!(await ask().catch((error: { code: string }) => error.code === 'ECONNREFUSED')));
      await core.call.release();
      assert.equal(await held, core.pid);
      assert.deepEqual(await core.exited, { exitCode: 0, signal: null });
      const { pid } = await coming;
      assert.equal(await ask(), pid);
    }));

  it('is closed is started again at once, and one that fails later each time', () =>
    withCores({ count: 1 }, async (web) => {
      const delays: number[] = [];
      const onDown = (message: unknown): void =>
        void delays.push((message as { restartMs: number }).restartMs);
      subscribe('kindred:core.down', onDown);
      for (const end of ['crash', 'close', 'crash', 'crash', 'close']) {
        const coming = nextUp();
        if (end === 'close') await firstOf(web).close();
        else await rejection(firstOf(web).call.crash(1));
        await coming;
      }
      unsubscribe('kindred:core.down', onDown);
      assert.deepEqual(delays, [100, 0, 100, 200, 0]);
    }));
});

describe('cores that cannot be started', () => {
  it('say why, and leave nothing', async () => {
    const error = await rejection(cores(broken, { count: 2 }));
    assert.equal(error.code, 'ERR_START_FAILED');
    assert.match(error.message, /broken\.ts could not be loaded: Error: this module cannot be loaded/);
    assert.deepEqual(Object.keys(cluster.workers ?? {}), []);
  });

  it('because their port is taken say so', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const error = await rejection(
      cores(module, { count: 1, env: { ...process.env, CORED_PORT: String(port) } }),
    );
    server.close();
    assert.equal(error.code, 'ERR_START_FAILED');
    assert.match(error.message, /EADDRINUSE/);
  });

  it('because they do not listen where they should say so', async () => {
    const silent = new URL('./fixtures/cored-silent.ts', import.meta.url);
    // Its time is over as soon as it is loaded.
    const hasty: Clock = { now: systemClock.now, after: (_ms, run) => systemClock.after(0, run) };
    const error = await rejection(coresIn(silent, { count: 1, listen: [0, '/no.sock'] }, hasty));
    assert.equal(error.code, 'ERR_START_FAILED');
    assert.match(error.message, /does not listen at any port, \/no\.sock/);
  });

  it('are refused for what cannot be', async () => {
    for (const options of [
      { count: 0 },
      { count: 1.5 },
      { startMs: -1 },
      { schedulingPolicy: 'rr' },
      { schedulingPolicy: 'fair' as 'rr' },
    ] as const)
      assert.equal(
        (await rejection(cores(module, options))).code,
        'ERR_BAD_ARGUMENT',
        JSON.stringify(options),
      );
    assert.match((await rejection(cores('./web.ts'))).message, /import\.meta\.url/);
  });

  it('are refused in a worker thread', async () => {
    const code = `import { cores } from ${JSON.stringify(new URL('./cores.ts', import.meta.url).href)};
      await cores(${JSON.stringify(module.href)}).catch(({ code }) => process.exit(code === 'ERR_NOT_SUPPORTED' ? 7 : 1));`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
    assert.deepEqual(await once(worker, 'exit'), [7]);
  });
});

it('a core that begins to listen after it was loaded is waited for where it is told to', async () => {
  const late = await cores(new URL('./fixtures/cored-late.ts', import.meta.url), { count: 1, listen: 0 });
  assert.equal(late.addresses.length, 1);
  await late.close();
});
