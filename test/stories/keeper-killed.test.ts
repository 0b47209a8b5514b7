/** Nothing outlives a keeper that should not, however it ends; and what should is kept by the next one. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { KindredError } from '../../src/base/errors.ts';
import { isAlive } from '../../src/process/process-identity.ts';
import { until } from './fixtures/deadline.ts';
import { ended, keeping, onPosix, server } from './fixtures/keeping.ts';
import { fixture } from './fixtures/programs.ts';

describe('a keeper that is killed', { skip: process.platform !== 'linux' && 'there is no /proc' }, () => {
  it('takes with it what was to die with it, and the next one has all else', () =>
    keeping(async ({ start, next, ask, spec, stage, log }) => {
      const first = await start({ detached: true });
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
      assert.ok(isAlive(lasting.identity), 'what was to live on has ended');

      await start({ detached: true });
      await next('brain');
      const orphan = Number(readFileSync(join(stage.dir, 'orphan'), 'utf8'));
      assert.equal(isAlive({ pid: orphan }), false, 'an orphan is left');
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

describe('a keeper that is no daemon', onPosix, () => {
  it('stops all when whoever has started it is killed', () =>
    keeping(async ({ stage, options, next, ask, spec }) => {
      const starter = spawn(
        process.execPath,
        [...process.execArgv, fixture('starts-keeper.ts'), JSON.stringify({ ...options, env: undefined })],
        { env: stage.env, stdio: ['ignore', 'inherit', 'inherit'] },
      );
      const { pid, heard } = await next('starter');
      const staff = [await next('brain'), await next('logger')];
      const { keeper } = (await heard()) as { keeper: number };
      const { identity } = await ask((brain) => brain.start(spec('a.1#1', 'exec sleep 600')));
      stage.watch(keeper);
      process.kill(pid, 'SIGKILL');
      for (const one of [keeper, identity.pid, ...staff.map((member) => member.pid)]) await ended(one);
      assert.equal(starter.pid, pid);
    }));
});
