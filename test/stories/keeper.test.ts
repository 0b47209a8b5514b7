/** A keeper outlives its brain and its logger, and what it keeps does not notice; and nothing outlives the keeper that should not. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { KindredError } from '../../src/base/errors.ts';
import { connect } from '../../src/endpoint/connect.ts';
import { identityOfProcess, isAlive as isRunning } from '../../src/process/process-identity.ts';
import type { Keeper, KeeperTable, StartSpec } from '../../src/supervisor/keeper/keeper.ts';
import {
  type KeeperOptions,
  type StartedKeeper,
  startKeeper,
} from '../../src/supervisor/keeper/start-keeper.ts';
import { until, within } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';
import { onStage, type Player, type Stage } from './fixtures/stage.ts';

const onPosix = { skip: process.platform === 'win32' && 'there is no mkfifo' };

/** The keeper, as its brain offers it. */
type Brain = Keeper & { table(): Promise<KeeperTable>; pid(): Promise<number> };

interface Scene {
  stage: Stage;
  name: string;
  directory: string;
  options: KeeperOptions;
  /** The next brain or logger that reports in. */
  next(what: 'brain' | 'logger' | 'starter'): Promise<Player>;
  start(more?: Partial<KeeperOptions>): Promise<StartedKeeper>;
  /** Calls the brain that is there. */
  ask<T>(question: (brain: Brain) => Promise<T>): Promise<T>;
  spec(id: string, script: string, more?: Partial<StartSpec>): StartSpec;
  log(file: string): string;
}

let scenes = 0;

/** Whatever the story does, no process of it is left, and no file of the keeper. */
async function keeping(story: (scene: Scene) => Promise<void>): Promise<void> {
  await onStage(async (stage) => {
    const name = `story-${process.pid}-${++scenes}`;
    const directory = join(stage.dir, 'stack');
    const logDirectory = join(stage.dir, 'logs');
    const keepers: StartedKeeper[] = [];
    const arrived: Player[] = [];
    const { PATH = '' } = process.env;
    const options: KeeperOptions = {
      name,
      directory,
      logDirectory,
      detached: false,
      brain: { module: fixture('kept-brain.ts'), args: [name] },
      logger: { module: fixture('kept-logger.ts') },
      env: stage.env,
    };
    const scene: Scene = {
      stage,
      name,
      directory,
      options,
      async next(what) {
        for (;;) {
          const at = arrived.findIndex(({ news }) => news['what'] === what);
          const [player] = at < 0 ? [] : arrived.splice(at, 1);
          if (player !== undefined) return player;
          arrived.push(await stage.nextPlayer());
        }
      },
      async start(more = {}) {
        const keeper = await startKeeper({ ...options, ...more });
        stage.watch(keeper.pid);
        keepers.push(keeper);
        return keeper;
      },
      async ask(question) {
        const peer = await connect<Brain>(`local:${name}`, { waitMs: 20_000, reconnect: false });
        try {
          return await question(peer.call as unknown as Brain);
        } finally {
          await peer.close();
        }
      },
      spec: (id, script, more = {}) => ({
        id,
        command: 'sh',
        args: ['-c', script],
        env: { PATH },
        cwd: stage.dir,
        onParentDeath: 'die',
        log: id.split('#')[0] as string,
        logs: { maxBytes: 1_000_000, files: 2, format: 'text' },
        listeners: [],
        lines: [],
        ...more,
      }),
      log: (file) => {
        try {
          return readFileSync(join(logDirectory, file), 'utf8');
        } catch {
          return '';
        }
      },
    };
    try {
      await story(scene);
    } finally {
      for (const { identity } of keepers) await endKeeper(identity.pid);
    }
    assert.deepEqual(existsSync(directory) ? readdirSync(directory) : [], [], 'files of the keeper are left');
  });
}

/** As a shell would: it stops all, and ends. */
async function endKeeper(pid: number): Promise<void> {
  const identity = identityOfProcess(pid);
  if (!isRunning(identity)) return;
  process.kill(pid, 'SIGTERM');
  await until('the keeper has ended', () => !isRunning(identity));
}

const ended = (pid: number): Promise<void> => until(`process ${pid} has ended`, () => !isRunning({ pid }));

const server = (text: string): Partial<StartSpec> => ({
  command: process.execPath,
  args: [
    '-e',
    `const http = require('node:http'); http.createServer((q, r) => r.end(${JSON.stringify(text)} + process.pid)).listen({ fd: 3 })`,
  ],
  listeners: ['web'],
});

describe('a keeper', onPosix, () => {
  it('keeps its services, listeners, exit codes and notes over the death of its brain, again and again', () =>
    keeping(async ({ start, next, ask, spec }) => {
      await start();
      let brain = await next('brain');
      const { url, pid } = await ask(async (keeper) => {
        const { bound } = await keeper.openListener({ name: 'web', address: 'tcp://127.0.0.1:0' });
        const { identity } = await keeper.start(spec('web.1#1', '', server('web ')));
        return { url: bound.replace('tcp:', 'http:'), pid: identity.pid };
      });
      for (let round = 1; round <= 8; round++) {
        await ask(async (keeper) => {
          await keeper.start(spec(`job.1#${round}`, `sleep 0.05; exit ${round}`));
          await keeper.note('round', { round });
        });
        process.kill(brain.pid, 'SIGKILL');
        assert.equal(await (await fetch(url)).text(), `web ${pid}`);
        brain = await next('brain');
        const table = await ask((keeper) => keeper.table());
        assert.deepEqual(table.notes, { round: { round } });
        assert.equal(table.epoch, round + 1);
        assert.equal(table.restarts.brain, round);
        const web = table.processes.find((one) => one.spec.id === 'web.1#1');
        assert.deepEqual([web?.identity.pid, web?.ended], [pid, undefined]);
        await ask(async (keeper) => {
          assert.deepEqual(await keeper.end(`job.1#${round}`, { graceMs: 10_000, signal: 'SIGCONT' }), {
            exitCode: round,
            signal: null,
          });
        });
      }
    }));

  it('loses no line over the death of its logger', () =>
    keeping(async ({ start, next, ask, spec, log }) => {
      await start();
      const logger = await next('logger');
      await ask((keeper) =>
        keeper.start(spec('a.1#1', 'echo first; read go <&3; echo last', {})).catch(() => {}),
      );
      await ask((keeper) =>
        keeper.start(
          spec('b.1#1', 'i=0; while [ $i -lt 200 ]; do i=$((i+1)); echo line $i; done; exec sleep 600'),
        ),
      );
      await until('its lines are written', () => log('b.1.out').endsWith('line 200\n'));
      process.kill(logger.pid, 'SIGKILL');
      await ended(logger.pid);
      await ask((keeper) => keeper.start(spec('c.1#1', 'echo while it was dead; exec sleep 600')));
      await next('logger');
      await until('the next one has written it', () => log('c.1.out') === 'while it was dead\n');
      assert.equal(log('b.1.out').split('\n').length, 201);
      assert.equal(log('a.1.out').startsWith('first\n'), true);
    }));

  it('stops all that it keeps, writes what they said last, and leaves nothing', () =>
    keeping(async ({ start, next, ask, spec, stage, directory, log }) => {
      const keeper = await start();
      const staff = [await next('brain'), await next('logger')];
      const services = await ask(async (brain) => {
        await brain.openListener({ name: 'web', address: `unix:${join(stage.dir, 'web.sock')}` });
        const stubborn = `trap 'echo it ends' TERM; setsid sleep 600 & while :; do sleep 0.05; done`;
        return [
          await brain.start(spec('a.1#1', stubborn)),
          await brain.start(spec('b.1#1', 'echo said; exec sleep 600', { onParentDeath: 'survive' })),
        ];
      });
      await ask((brain) => brain.stop({ graceMs: 300 }));
      assert.deepEqual(await within('the keeper ends', keeper.exited as Promise<unknown>), {
        exitCode: 0,
        signal: null,
      });
      for (const { pid } of [...staff, ...services.map(({ identity }) => identity)])
        assert.equal(isRunning({ pid }), false);
      assert.equal(existsSync(directory), false);
      assert.equal(existsSync(join(stage.dir, 'web.sock')), false);
      assert.equal(log('b.1.out'), 'said\n');
      assert.equal(log('a.1.out'), 'it ends\n');
    }));

  it('that is asked to end by a signal has its brain stop all', () =>
    keeping(async ({ start, next, ask, spec }) => {
      const keeper = await start();
      await next('brain');
      const { identity } = await ask((brain) => brain.start(spec('a.1#1', 'exec sleep 600')));
      process.kill(keeper.pid, 'SIGINT');
      assert.deepEqual(await within('the keeper ends', keeper.exited as Promise<unknown>), {
        exitCode: 0,
        signal: null,
      });
      assert.equal(isRunning(identity), false);
    }));

  it('that is asked to end while it has no brain stops all itself', () =>
    keeping(async ({ start, next, ask, spec, options }) => {
      const keeper = await start();
      const brain = await next('brain');
      const { identity } = await ask((it) => it.start(spec('a.1#1', 'exec sleep 600')));
      process.kill(brain.pid, 'SIGSTOP');
      // The first is handed on to the brain, which does not hear it.
      process.kill(keeper.pid, 'SIGTERM');
      process.kill(keeper.pid, 'SIGINT');
      await within('the keeper ends', keeper.exited as Promise<unknown>);
      assert.equal(isRunning(identity), false);
      assert.equal(isRunning({ pid: brain.pid }), false);
      assert.ok(options.name);
    }));

  it('is one alone for a stack, whoever else starts one at the same time', () =>
    keeping(async ({ start, stage, options, directory }) => {
      const results = await Promise.allSettled([start(), start({ detached: true }), start()]);
      const won = results.filter((result) => result.status === 'fulfilled');
      assert.equal(won.length, 1);
      const [{ value: keeper } = { value: { pid: 0 } }] = won;
      for (const result of results)
        if (result.status === 'rejected')
          assert.deepEqual(
            [(result.reason as KindredError).code, (result.reason as KindredError).data],
            ['ERR_ALREADY_RUNNING', { pid: keeper.pid }],
          );
      await assert.rejects(startKeeper(options), { code: 'ERR_ALREADY_RUNNING', data: { pid: keeper.pid } });
      assert.ok(existsSync(directory));
      stage.watch(keeper.pid);
    }));

  it('that is no daemon stops all when whoever has started it is killed', () =>
    keeping(async ({ stage, options, next, ask, spec }) => {
      const starter = spawn(
        process.execPath,
        [...process.execArgv, fixture('starts-keeper.ts'), JSON.stringify({ ...options, env: undefined })],
        { env: stage.env, stdio: ['ignore', 'inherit', 'inherit'] },
      );
      const staff = [await next('brain'), await next('logger')];
      const { news, pid } = await next('starter');
      const { identity } = await ask((keeper) => keeper.start(spec('a.1#1', 'exec sleep 600')));
      const keeper = news['keeper'] as number;
      stage.watch(keeper);
      process.kill(pid, 'SIGKILL');
      for (const one of [keeper, identity.pid, ...staff.map((member) => member.pid)]) await ended(one);
      assert.equal(starter.pid, pid);
    }));

  it('whose brain does not become ready is not started, and says why', () =>
    keeping(async ({ options, name, start }) => {
      for (const detached of [true, false]) {
        const failing = start({ detached, brain: { ...options.brain, args: [name, 'broken'] } });
        await assert.rejects(failing, (error: KindredError) => {
          assert.equal(error.code, 'ERR_START_FAILED');
          if (detached) assert.match(error.message, /this brain has no mind/);
          return true;
        });
      }
    }));
});

describe('a brain that is replaced', onPosix, () => {
  it('is fenced off and ends, and no service notices', () =>
    keeping(async ({ start, next, ask, spec, options }) => {
      await start();
      const before = await next('brain');
      const { identity } = await ask((keeper) => keeper.start(spec('a.1#1', 'exec sleep 600')));
      void ask((keeper) => keeper.replaceBrain()).catch(() => {});
      const young = await next('brain');
      assert.equal(young.news['epoch'], 2);
      await ended(before.pid);
      await until('the new one serves', () => ask(async (keeper) => (await keeper.pid()) === young.pid));
      const { notes, processes } = await ask((keeper) => keeper.table());
      assert.deepEqual(notes, {});
      assert.equal(processes[0]?.identity.pid, identity.pid);
      assert.ok(isRunning(identity));
      assert.ok(options.name);
    }));

  it('by one that fails again and again is back', () =>
    keeping(async ({ start, next, ask }) => {
      await start();
      await next('brain');
      await ask((keeper) => keeper.replaceBrain({ module: fixture('kept-brain-fickle.ts') })).catch(() => {});
      const back = await next('brain');
      await until('it serves', () => ask(async (keeper) => (await keeper.pid()) === back.pid));
      const { restarts } = await ask((keeper) => keeper.table());
      assert.ok(restarts.brain >= 4, `${restarts.brain} have ended`);
    }));

  it('because it does not answer any more is ended first', () =>
    keeping(async ({ start, next }) => {
      await start({ brainTimeoutMs: 1000 });
      const before = await next('brain');
      process.kill(before.pid, 'SIGSTOP');
      const { news } = await next('brain');
      assert.equal(isRunning({ pid: before.pid }), false);
      assert.equal(news['epoch'], 2);
    }));

  it('stays where the one that should follow does not become ready', () =>
    keeping(async ({ start, next, ask }) => {
      await start();
      const before = await next('brain');
      await assert.rejects(
        ask((keeper) => keeper.replaceBrain({ module: fixture('kept-brain-broken.ts') })),
        (error: KindredError) => (error.cause as KindredError).code === 'ERR_START_FAILED',
      );
      assert.equal(await ask((keeper) => keeper.pid()), before.pid);
    }));
});

describe('a keeper that is killed', { skip: process.platform !== 'linux' && 'there is no /proc' }, () => {
  for (const detached of [false, true])
    it(`takes with it what was to die with it, and the next one ${detached ? '(a daemon) ' : ''}has all else`, () =>
      keeping(async ({ start, next, ask, spec, stage, log }) => {
        const first = await start({ detached });
        const staff = [await next('brain'), await next('logger')];
        const [mortal, lasting, parent] = await ask(async (keeper) => {
          await keeper.openListener({ name: 'web', address: `unix:${join(stage.dir, 'web.sock')}` });
          return [
            await keeper.start(spec('a.1#1', 'exec sleep 600')),
            await keeper.start(
              spec('b.1#1', 'i=0; while [ ! -e stop ]; do i=$((i+1)); echo $i; sleep 0.02; done; exit 4', {
                onParentDeath: 'survive',
                lines: [{ to: 'words' }],
              }),
            ),
            await keeper.start(spec('c.1#1', 'setsid sleep 600 & echo $! >orphan; wait')),
          ] as const;
        });
        await until('its child is told', () => existsSync(join(stage.dir, 'orphan')));
        await until('it has written', () => log('b.1.out').includes('3\n'));
        process.kill(first.pid, 'SIGKILL');
        for (const { pid } of [...staff, mortal.identity, parent.identity]) await ended(pid);
        assert.ok(isRunning(lasting.identity), 'what was to live on has ended');

        await start({ detached });
        await next('brain');
        const orphan = Number(readFileSync(join(stage.dir, 'orphan'), 'utf8'));
        assert.equal(isRunning({ pid: orphan }), false, 'an orphan is left');
        const { processes } = await ask((keeper) => keeper.table());
        assert.deepEqual(
          processes.map(({ spec: { id }, identity, lines }) => [id, identity, lines]),
          [['b.1#1', lasting.identity, lasting.lines]],
        );
        // The socket file of the dead one is in nobody's way.
        await ask((keeper) =>
          keeper.openListener({ name: 'web', address: `unix:${join(stage.dir, 'web.sock')}` }),
        );
        const seen = log('b.1.out').length;
        await until('its lines are read on', () => log('b.1.out').length > seen);
        await ask((keeper) => keeper.start(spec('d.1#1', 'echo >stop')));
        const exit = await ask((keeper) => keeper.end('b.1#1', { signal: 'SIGCONT', graceMs: 10_000 }));
        assert.deepEqual(exit, { exitCode: null, signal: null });
        const lines = log('b.1.out').trimEnd().split('\n').map(Number);
        assert.deepEqual(
          lines,
          lines.map((_, n) => n + 1),
        );
      }));
});

it(
  'a process that has outlived its keeper keeps its listener until it is ended',
  {
    skip: process.platform !== 'linux' && 'there is no /proc',
  },
  () =>
    keeping(async ({ start, next, ask, spec }) => {
      const first = await start();
      await next('brain');
      const { url, pid } = await ask(async (keeper) => {
        const { bound } = await keeper.openListener({ name: 'web', address: 'tcp://127.0.0.1:0' });
        const { identity } = await keeper.start(
          spec('web.1#1', '', { ...server('web '), onParentDeath: 'survive' }),
        );
        return { url: bound.replace('tcp:', 'http:'), pid: identity.pid };
      });
      const answer = async (): Promise<string> =>
        (await fetch(url, { headers: { connection: 'close' } })).text();
      assert.equal(await answer(), `web ${pid}`);
      process.kill(first.pid, 'SIGKILL');
      await ended(first.pid);
      assert.equal(await answer(), `web ${pid}`);
      await start();
      await next('brain');
      const again = { name: 'web', address: url.replace('http:', 'tcp:') };
      const refused = await ask((keeper) => keeper.openListener(again)).then(
        () => undefined,
        (error: KindredError) => error.cause as KindredError,
      );
      assert.deepEqual([refused?.code, refused?.data], ['ERR_ADDRESS_IN_USE', { id: 'web.1#1', pid }]);
      assert.equal(await answer(), `web ${pid}`);
      await ask((keeper) => keeper.end('web.1#1', { graceMs: 0 }));
      assert.equal((await ask((keeper) => keeper.openListener(again))).bound, again.address);
    }),
);

it('a keeper of 200 processes: how long it takes, and what memory', onPosix, (t) =>
  keeping(async ({ start, next, ask, spec }) => {
    const startedMs = performance.now();
    const keeper = await start();
    const readyMs = performance.now() - startedMs;
    await next('brain');
    const empty = memoryOf(keeper.pid);
    const beforeMs = performance.now();
    await ask((brain) =>
      Promise.all(
        Array.from({ length: 200 }, (_, n) =>
          brain.start(spec(`s.${n}#1`, 'exec sleep 600', { lines: [{ to: 'words' }] })),
        ),
      ),
    );
    const startMs = performance.now() - beforeMs;
    const full = memoryOf(keeper.pid);
    const stopMs = performance.now();
    await ask((brain) => brain.stop({ graceMs: 5000 }));
    t.diagnostic(
      `ready in ${readyMs.toFixed(0)} ms with ${empty}, 200 processes in ${startMs.toFixed(0)} ms with ${full}, stopped in ${(performance.now() - stopMs).toFixed(0)} ms`,
    );
  }),
);

function memoryOf(pid: number): string {
  if (process.platform !== 'linux') return 'memory unknown';
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return `${(Number(kilobytes) / 1024).toFixed(1)} MiB`;
}
