/** Instances that accept from sockets of their own, at one port: through reloads, and without a brain. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { connect } from '../../src/endpoint/connect.ts';
import { type Control, type Progress, type StackStatus, startStack } from '../../src/supervisor/index.ts';
import { until, within } from './fixtures/deadline.ts';
import { isAlive, onStage, type Stage } from './fixtures/stage.ts';

const onLinux = {
  skip: process.platform !== 'linux' && 'each instance has a socket of its own on Linux alone',
};

/** Answers with its pid, and takes the listener by its name: at port 0 nobody could know another. */
const program = `
  import { createServer } from 'node:http';
  import { inherited } from ${JSON.stringify(new URL('../../src/handles/index.ts', import.meta.url).href)};
  inherited('web', createServer((_, response) => response.end(String(process.pid))));
`;

async function done(what: string, progress: AsyncIterable<Progress>): Promise<void> {
  let last: Progress | undefined;
  const read = async (): Promise<void> => {
    for await (const step of progress) last = step;
  };
  await within(`${what} is done`, read(), 60_000);
  assert.equal(last?.kind, 'done', last?.text);
}

function pidsOf(stage: Stage, { instances }: StackStatus): number[] {
  const pids = instances.flatMap(({ pid }) => pid ?? []);
  for (const pid of pids) stage.watch(pid);
  return pids.sort((a, b) => a - b);
}

async function answer(port: number): Promise<number> {
  const [response] = (await once(get({ port, host: '127.0.0.1', agent: false }), 'response')) as [
    IncomingMessage,
  ];
  return Number(await text(response));
}

/** Until all of these have answered, and nobody else has. */
async function allAnswer(port: number, pids: readonly number[]): Promise<void> {
  const seen = new Set<number>();
  await until(`${pids.join(' and ')} answer`, async () => {
    seen.add(await answer(port));
    return seen.size === pids.length;
  });
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    pids,
  );
}

describe('a service with share: reusePort', onLinux, () => {
  it('answers at one port by sockets of its own, through a reload and the end of the brain', () =>
    onStage(async (stage) => {
      writeFileSync(join(stage.dir, 'web.mjs'), program);
      writeFileSync(
        join(stage.dir, 'kindred.config.json'),
        JSON.stringify({
          name: `reuse-${process.pid}`,
          listeners: { web: 'tcp://127.0.0.1:0' },
          services: {
            web: {
              fork: './web.mjs',
              instances: 2,
              listen: ['web'],
              share: 'reusePort',
              reload: { healthyMs: 100 },
            },
          },
        }),
      );
      const directory = join(stage.dir, 'run');
      const logDirectory = join(stage.dir, 'logs');
      const stack = await within(
        'the stack is started',
        startStack(stage.dir, { directory, logDirectory, detached: false, env: stage.env }),
        60_000,
      );
      stage.watch(stack.pid);
      const control = await connect<Control>(stack.address);
      const status = (): Promise<StackStatus> =>
        control.with({ idempotent: true, timeoutMs: 30_000 }).call.status();
      try {
        await done('the start', control.call.start([]));
        const first = await status();
        stage.watch(first.brain.pid);
        const port = Number(new URL(first.listeners[0]?.bound as string).port);
        const before = pidsOf(stage, first);
        await allAnswer(port, before);

        await done('the reload', control.call.reload(['web']));
        const after = pidsOf(stage, await status());
        assert.ok(after.every((pid) => !before.includes(pid)));
        assert.ok(!before.some(isAlive));
        await allAnswer(port, after);

        process.kill(first.brain.pid, 'SIGKILL');
        await allAnswer(port, after);
        await until('another brain answers', async () => {
          const { pid } = (await status().catch(() => first)).brain;
          stage.watch(pid);
          return pid !== first.brain.pid;
        });
        assert.deepEqual(pidsOf(stage, await status()), after);
        await done('the end', control.call.down());
      } finally {
        await control.close();
        const late = setTimeout(() => process.kill(stack.pid, 'SIGTERM'), 5000);
        await within('the keeper has ended', Promise.resolve(stack.exited), 60_000);
        clearTimeout(late);
      }
      assert.equal(existsSync(join(directory, 'pipes')), false);
    }));
});
