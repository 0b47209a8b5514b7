/** A server on every core answers on while one of its processes dies, is replaced or hangs; and none of them is left behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { type Cores, cores, type Hosted } from '../../src/index.ts';
import { thisSystem } from '../../src/process/process-system.ts';
import { until, within } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';
import { isAlive, onStage, type Player, type Stage } from './fixtures/stage.ts';

const module = new URL('./fixtures/web.ts', import.meta.url);
type Web = typeof import('./fixtures/web.ts');

async function ask(address: string, agent: Agent | false): Promise<number> {
  const request = get(address.replace('tcp:', 'http:'), { agent });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return Number(await text(response));
}

interface Load {
  /** Who has answered how often. */
  readonly answers: Map<number, number>;
  readonly failures: { code: string; reused: boolean }[];
  /** Resolves when so many more answers have come. */
  more(answers: number): Promise<void>;
  /** No more requests; resolves when all have been answered. */
  end(): Promise<void>;
}

/** Eight clients that ask one thing after the other: each over a connection of its own for every request, or over one. */
function underLoad(address: string, keepAlive: boolean): Load {
  const agents = Array.from({ length: 8 }, () => keepAlive && new Agent({ keepAlive }));
  const answers = new Map<number, number>();
  const failures: Load['failures'] = [];
  let total = 0;
  let isOver = false;
  const clients = agents.map(async (agent) => {
    while (!isOver)
      try {
        const pid = await ask(address, agent);
        answers.set(pid, (answers.get(pid) ?? 0) + 1);
        total++;
      } catch (error) {
        const { code = '' } = error as { code?: string };
        failures.push({ code, reused: keepAlive });
      }
  });
  return {
    answers,
    failures,
    more(count) {
      const wanted = total + count;
      return until(`${count} more answers`, () => total >= wanted);
    },
    async end() {
      isOver = true;
      await within('the clients end', Promise.all(clients));
      for (const agent of agents) if (agent !== false) agent.destroy();
    },
  };
}

/** Two cores under load, and an end of which nothing is left. */
async function withLoad(
  stage: Stage,
  keepAlive: boolean,
  story: (web: Cores<Web>, load: Load) => Promise<void>,
): Promise<void> {
  const web = await cores<Web>(module, { count: 2, env: stage.env });
  await stage.nextPlayer();
  await stage.nextPlayer();
  const load = underLoad(web.addresses[0] as string, keepAlive);
  try {
    await load.more(100);
    await story(web, load);
    await load.end();
  } finally {
    // Where the story has failed, that is what is to be told.
    void load.end().catch(() => {});
    await web.close();
  }
}

const coresOf = (web: Cores<Web>): [Hosted<Web>, Hosted<Web>] => [...web.peers] as [Hosted<Web>, Hosted<Web>];

describe('under load', () => {
  it('a core that is killed is replaced, and only what it had accepted itself is lost', () =>
    onStage((stage) =>
      withLoad(stage, false, async (web, load) => {
        const [victim, other] = coresOf(web);
        for (let round = 1; round <= 3; round++) {
          const [next] = coresOf(web).filter((core) => core.pid !== other.pid);
          const before = load.answers.get(other.pid as number) ?? 0;
          process.kill(next?.pid as number, 'SIGKILL');
          const { pid } = await stage.nextPlayer();
          await until('two are up', () => web.peers.size === 2);
          assert.ok((load.answers.get(other.pid as number) ?? 0) > before);
          await until('the new one answers', () => load.answers.has(pid));
        }
        assert.equal(isAlive(victim.pid as number), false);
        // Eight clients: no more than these can have been with the one that was killed.
        assert.ok(load.failures.length <= 3 * 8, JSON.stringify(load.failures));
        for (const { code } of load.failures) assert.equal(code, 'ECONNRESET');
      }),
    ));

  it('a core that hangs is not waited for, and when it is killed nobody hangs', () =>
    onStage((stage) =>
      withLoad(stage, false, async (web, load) => {
        const [{ pid = 0 }] = coresOf(web);
        process.kill(pid, 'SIGSTOP');
        await until('it is stopped', () => thisSystem.stat(pid)?.stopped !== false);
        // What it has accepted waits for it: all of these clients, perhaps. Whoever comes now does not.
        const others = underLoad(web.addresses[0] as string, false);
        await others.more(200);
        process.kill(pid, 'SIGKILL');
        await stage.nextPlayer();
        await load.more(200);
        await others.end();
        for (const { code } of [...load.failures, ...others.failures]) assert.equal(code, 'ECONNRESET');
      }),
    ));

  for (const keepAlive of [true, false])
    it(`replacing all cores, one after the other, fails no request${keepAlive ? ' of connections that are kept' : ''}`, () =>
      onStage((stage) =>
        withLoad(stage, keepAlive, async (web, load) => {
          for (const core of coresOf(web)) {
            await core.close();
            const { pid } = await stage.nextPlayer();
            await until('two are up', () => web.peers.size === 2);
            // Connections that are kept stay where they are.
            if (!keepAlive) await until('the new one answers', () => load.answers.has(pid));
          }
          await load.more(200);
          assert.deepEqual(load.failures, []);
        }),
      ));
});

describe('no core is left', () => {
  async function program(
    stage: Stage,
    way: string,
  ): Promise<{ pid: number; web: Player[]; exited: Promise<unknown[]> }> {
    const child = spawn(process.execPath, [...process.execArgv, fixture('starts-cores.ts'), way], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: stage.env,
    });
    const exited = once(child, 'exit');
    const players = [await stage.nextPlayer(), await stage.nextPlayer(), await stage.nextPlayer()];
    return { pid: child.pid as number, web: players.filter(({ news }) => news['web'] === true), exited };
  }

  for (const [signal, way] of [
    ['SIGKILL', ''],
    ['SIGTERM', ''],
    ['SIGKILL', 'blocked'],
  ] as const)
    it(`by a program that ${signal} ends${way === '' ? '' : ', with its cores blocked'}`, () =>
      onStage(async (stage) => {
        const { pid, web, exited } = await program(stage, way);
        assert.equal(web.length, 2);
        process.kill(pid, signal);
        assert.deepEqual(await within('it ends', exited), [null, signal]);
        for (const core of web) await until('the core has ended', () => !isAlive(core.pid));
      }));

  it('by a program that ends in good order', () =>
    onStage(async (stage) => {
      const { pid, web, exited } = await program(stage, 'in good order');
      process.kill(pid, 'SIGTERM');
      assert.deepEqual(await within('it ends', exited), [0, null]);
      for (const core of web) assert.equal(isAlive(core.pid), false);
    }));
});
