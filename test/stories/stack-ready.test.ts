/** A service counts as ready when it is, by whatever it says so, and not before; one that does not say so in time is replaced. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Stack } from '../../src/supervisor/index.ts';
import { until, within } from './fixtures/deadline.ts';
import { freePort } from './fixtures/free-port.ts';
import { around, onPosix, supervising } from './fixtures/stacks.ts';
import { onStage, type Stage } from './fixtures/stage.ts';

/** Each begins when there is the file `go`. */
async function allWays(stage: Stage): Promise<Stack['services']> {
  const [tcp, http] = [await freePort(), await freePort()];
  const shell = (then: string): readonly [string, ...string[]] => [
    'sh',
    '-c',
    `until [ -e go ]; do sleep 0.02; done; ${then}; exec sleep 100000`,
  ];
  const module = (name: string, text: string): string => {
    const path = join(stage.dir, `${name}.mjs`);
    writeFileSync(
      path,
      `import { existsSync } from 'node:fs';
      import { createServer } from 'node:http';
      import { ready } from ${JSON.stringify(new URL('../../src/process/ready.ts', import.meta.url))};
      while (!existsSync('go')) await new Promise((resolve) => setTimeout(resolve, 10));
      ${text}`,
    );
    return path;
  };
  const listens = (port: number): string =>
    `createServer((_, response) => response.end()).listen(${port}, '127.0.0.1');`;
  return {
    line: { run: shell('echo READY=1 >&5'), ready: { fd: 5 } },
    output: { run: shell('echo it is up now'), ready: { output: 'is up' } },
    pattern: { run: shell('echo up at last >&2'), ready: { output: /^up .* last$/ } },
    file: { run: shell('echo 1 >up'), ready: { file: 'up' } },
    tcp: { fork: module('tcp', listens(tcp)), ready: { tcp } },
    http: { fork: module('http', listens(http)), ready: { http: `http://127.0.0.1:${http}/` } },
    call: { fork: module('call', 'ready(); setInterval(() => {}, 1000);'), ready: 'call' },
  };
}

describe('the services of a stack', onPosix, () => {
  it('are ready by a line, their output, a file, TCP, HTTP and a call, and no sooner', () =>
    onStage(async (stage) => {
      const services = await allWays(stage);
      await supervising(stage, { ...around, services }, async (stack) => {
        await until('all run', async () =>
          (await stack.status()).instances.every(({ pid }) => pid !== undefined),
        );
        const early = (await stack.status()).instances.filter(({ state }) => state !== 'starting');
        assert.deepEqual(early, []);
        writeFileSync(join(stage.dir, 'go'), '');
        await within('all are ready', stack.ready);
      });
    }));

  it('have failed where they are not ready in time, and say so', () =>
    onStage((stage) => {
      const late = {
        run: ['sleep', '100000'],
        ready: { output: 'never', timeoutMs: 200 },
        restart: { firstMs: 1, maxMs: 1, intensity: { restarts: 1, withinMs: 600_000 } },
      } as const;
      return supervising(stage, { ...around, services: { late } }, async (stack) => {
        await assert.rejects(within('it has failed', stack.ready), { code: 'ERR_START_FAILED' });
        const why = (await stack.why('late')).map(({ text }) => text);
        assert.ok(why.includes('late.1 was not ready: not within 200 ms'), why.join('\n'));
        assert.equal((await stack.status()).instances[0]?.restarts, 1);
      });
    }));
});
