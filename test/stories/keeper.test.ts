/** A keeper outlives its brain and its logger, and what it keeps does not notice; and it leaves nothing when it is stopped. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { KindredError } from '../../src/base/errors.ts';
import { isAlive } from '../../src/process/process-identity.ts';
import { startKeeper } from '../../src/supervisor/keeper/start-keeper.ts';
import { until, within } from './fixtures/deadline.ts';
import { ended, keeping, onPosix, server } from './fixtures/keeping.ts';

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
      for (let round = 1; round <= 5; round++) {
        await ask(async (keeper) => {
          await keeper.start(spec(`job.1#${round}`, `sleep 0.05; exit ${round}`));
          await keeper.note({ round: { round } });
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
      await ask((brain) => brain.stop({ graceMs: 2000 }));
      assert.deepEqual(await within('the keeper ends', keeper.exited as Promise<unknown>), {
        exitCode: 0,
        signal: null,
      });
      for (const { pid } of [...staff, ...services.map(({ identity }) => identity)])
        assert.equal(isAlive({ pid }), false);
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
      assert.equal(isAlive(identity), false);
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
      assert.equal(isAlive(identity), false);
      assert.equal(isAlive({ pid: brain.pid }), false);
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

  it('is not started where its logs cannot be kept, and says how to mend that', () =>
    keeping(async ({ options }) => {
      await assert.rejects(startKeeper({ ...options, logDirectory: join(process.execPath, 'logs') }), {
        code: 'ERR_START_FAILED',
        message: /^the directory of the logs, .*logs, cannot be made: .*ENOTDIR.*; set XDG_STATE_HOME/,
      });
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
