/** The workers of a pool are killed under load: every call settles with the truth, others come, and none is left behind. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { it } from 'node:test';
import { promisify } from 'node:util';
import { type KindredError, pool } from '../../src/index.ts';
import { until, within } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';
import { createRandom, seed } from './fixtures/random.ts';
import { isAlive, onStage, type Stage } from './fixtures/stage.ts';

const module = new URL('./fixtures/pooled.ts', import.meta.url);
type Pooled = typeof import('./fixtures/pooled.ts');

/** Whatever is started is watched, and at its end every worker is asked for. */
async function watching(stage: Stage, story: () => Promise<void>): Promise<void> {
  const onUp = (message: unknown): void => stage.watch((message as { pid: number }).pid);
  subscribe('kindred:worker.up', onUp);
  await story().finally(() => unsubscribe('kindred:worker.up', onUp));
}

it(`settles every call with the truth while its workers are killed, one after the other (seed ${seed})`, (t) =>
  onStage((stage) =>
    watching(stage, async () => {
      const random = createRandom(seed);
      const kills = 12;
      const workers = await pool<Pooled>(module, {
        size: 3,
        env: stage.env,
        callsPerWorker: 8,
        maxWaiting: 64,
      });
      const fates = new Map<number, 'answered' | NonNullable<KindredError['outcome']>>();
      let last = 0;
      const killed = new Set<number>();
      let isOver = false;
      const mayRunTwice = (id: number): boolean => id % 4 === 0;

      const caller = async (): Promise<void> => {
        while (!isOver) {
          const id = ++last;
          const { call } = mayRunTwice(id) ? workers.with({ idempotent: true }) : workers;
          try {
            assert.equal(await call.work(id, random.int(50)), id);
            fates.set(id, 'answered');
          } catch (error) {
            const { code, outcome } = error as KindredError;
            assert.equal(code, 'ERR_PEER_GONE', String(error));
            fates.set(id, outcome as NonNullable<typeof outcome>);
          }
        }
      };
      const callers = Array.from({ length: 64 }, caller);
      while (killed.size < kills) {
        const before = fates.size;
        await until('calls settle', () => fates.size >= before + 100);
        const alive = [...workers.workers].flatMap(({ pid = 0 }) => (killed.has(pid) ? [] : pid));
        if (alive.length === 0) continue;
        const pid = random.pick(alive);
        killed.add(pid);
        process.kill(pid, 'SIGKILL');
      }
      const before = fates.size;
      await until('calls are answered after the last kill', () => fates.size >= before + 200);
      isOver = true;
      await within('every call settles', Promise.all(callers));
      await until('all workers are up again', () => workers.workers.size === 3);
      const { status } = workers;
      await workers.close();

      assert.equal(fates.size, last);
      const runs = new Map<number, number>();
      for (const deed of stage.record.deeds) runs.set(Number(deed), (runs.get(Number(deed)) ?? 0) + 1);
      for (const [id, fate] of fates) {
        const ran = runs.get(id) ?? 0;
        assert.ok(ran <= (mayRunTwice(id) ? 3 : 1), `call ${id} (${fate}) ran ${ran} times`);
        if (fate === 'answered') assert.ok(ran >= 1, `call ${id} was answered, and never ran`);
        assert.notEqual(fate, 'not-sent', `call ${id} was given up without need`);
      }
      const unknown = [...fates.values()].filter((fate) => fate === 'unknown').length;
      assert.equal(status.replaced, kills);
      assert.ok(status.repeated > 0, 'no idempotent call ran again');
      // Each death can take no more than the calls that its worker had.
      assert.ok(unknown <= kills * 8, `${unknown} calls are unknown`);
      t.diagnostic(
        `${last} calls, ${kills} kills: ${unknown} unknown, none of them twice; ${status.repeated} idempotent ones again; none lost`,
      );
    }),
  ));

it('keeps a program alive only for its calls where it is told so', () =>
  onStage(async (stage) => {
    const run = promisify(execFile)(process.execPath, [...process.execArgv, fixture('unclosed-pool.ts')], {
      env: stage.env,
    });
    const { stdout } = await within('the program ends by itself', run);
    assert.equal(stdout, '1 2 3\n');
  }));

for (const place of ['process', 'thread'])
  it(`keeps a program alive or not, as it is told, in: ${place}`, () =>
    onStage(async (stage) => {
      const run = promisify(execFile)(
        process.execPath,
        [...process.execArgv, fixture('unreferenced-pool.ts'), place],
        { env: stage.env },
      );
      const { stdout } = await within('the program ends by itself', run);
      assert.equal(stdout, 'idle\nkept\n');
    }));

it('takes its workers with it when its program is killed', () =>
  onStage(async (stage) => {
    const owner = spawn(process.execPath, [...process.execArgv, fixture('pool-owner.ts')], {
      env: stage.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    stage.watch(owner.pid);
    const [line] = (await within(
      'it names its workers',
      once(createInterface({ input: owner.stdout }), 'line'),
    )) as [string];
    const pids = line.split(' ').map(Number);
    for (const pid of pids) stage.watch(pid);
    assert.equal(pids.filter(isAlive).length, 3);
    owner.kill('SIGKILL');
    await until('its workers are gone', () => !pids.some(isAlive));
  }));
