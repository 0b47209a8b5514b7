/** An instance that is there and is of no use is replaced: hung, unhealthy, or grown too large. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { HealthSpec, ServiceSpec, Supervisor } from '../../src/supervisor/index.ts';
import { until, within } from './fixtures/deadline.ts';
import { freePort } from './fixtures/free-port.ts';
import { httpLoad } from './fixtures/http-load.ts';
import { around, onPosix, supervising } from './fixtures/stacks.ts';
import { isAlive, onStage, type Stage } from './fixtures/stage.ts';

function module(stage: Stage, name: string, text: string): string {
  const path = join(stage.dir, `${name}.mjs`);
  writeFileSync(path, text);
  return path;
}

/** Another process of it serves than this one, and of this one nothing is left. */
async function replaced(stack: Supervisor, service: string, pid: number): Promise<void> {
  await until(
    `${service} is replaced`,
    async () => {
      const { instances } = await stack.status();
      return (
        !isAlive(pid) &&
        instances.some((one) => one.service === service && one.state === 'ready' && one.pid !== pid)
      );
    },
    30_000,
  );
}

async function pidOf(stage: Stage, stack: Supervisor, service: string): Promise<number> {
  const { instances } = await stack.status();
  const pid = instances.find((one) => one.service === service)?.pid as number;
  stage.watch(pid);
  return pid;
}

const textsOf = async (stack: Supervisor, service: string): Promise<string[]> => {
  const texts: string[] = [];
  for await (const event of stack.events()) if (event.service === service) texts.push(event.text);
  return texts;
};

const restart = { firstMs: 1, maxMs: 1 } as const;

describe('a supervised stack', onPosix, () => {
  it('replaces what hangs, and tells by what it was blocked: in why, and in its log', () =>
    onStage(async (stage) => {
      const blocks = (how: string): ServiceSpec => ({
        fork: module(
          stage,
          how,
          `import { execSync } from 'node:child_process';
          import { existsSync, rmSync } from 'node:fs';
          function spin() { for (;;); }
          function wait() { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); }
          function shell() { execSync('sleep 100000'); }
          setInterval(() => {
            if (!existsSync('${how}')) return;
            rmSync('${how}');
            ${how}();
          }, 10);`,
        ),
        hang: { afterMs: 1000 },
        restart,
      });
      // A stack that a busy machine has not shown within a second is not waited for.
      const stacks = {
        spin: /at spin \(.*spin\.mjs:3:\d+\)|blocked in native code/,
        wait: /at wait \(.*wait\.mjs:4:\d+\)|blocked in native code/,
        shell: /blocked in native code.*its children: .*sleep 100000/s,
      };
      const kinds = Object.keys(stacks);
      const services = Object.fromEntries(kinds.map((how) => [how, blocks(how)]));
      await supervising(stage, { ...around, services }, async (stack) => {
        await within('all run', stack.ready);
        await Promise.all(
          Object.entries(stacks).map(async ([how, expected]) => {
            const pid = await pidOf(stage, stack, how);
            writeFileSync(join(stage.dir, how), '');
            await replaced(stack, how, pid);
            const why = (await stack.why(how)).map(({ text }) => text).join('\n');
            assert.match(why, /the event loop of \w+\.1 was blocked for \d+ ms/);
            assert.match(why, expected);
            // The logger writes them a moment after they were said.
            const told = /^kindred: the event loop has been blocked for \d+ ms by:$/m;
            let log = '';
            for await (const { text } of stack.logs({ services: [how], follow: true })) {
              log += `${text}\n`;
              if (told.test(log) && expected.test(log)) break;
            }
          }),
        );
      });
    }));

  it('replaces what fails its health three times in a row, asked by HTTP, TCP, a command or a call', () =>
    onStage(async (stage) => {
      const port = await freePort();
      const socket = join(stage.dir, 'sock');
      const pace = { everyMs: 50, timeoutMs: 10_000 };
      const checked = (spec: ServiceSpec, health: HealthSpec): ServiceSpec => ({
        ...spec,
        restart,
        health: { ...health, ...pace },
      });
      const http = module(
        stage,
        'http',
        `import { existsSync } from 'node:fs';
        import { createServer } from 'node:http';
        createServer((_, response) => {
          response.statusCode = existsSync('http') ? 503 : 200;
          response.end();
        }).listen(${port}, '127.0.0.1');`,
      );
      const tcp = module(
        stage,
        'tcp',
        `import { existsSync, rmSync } from 'node:fs';
        import { createServer } from 'node:net';
        const server = createServer((socket) => socket.destroy());
        rmSync('sock', { force: true });
        server.listen('sock');
        setInterval(() => existsSync('tcp') && server.close(), 10);`,
      );
      const call = module(
        stage,
        'call',
        `import { existsSync } from 'node:fs';
        export function isWell() { return !existsSync('call'); }`,
      );
      const at = `unix:${join(stage.dir, 'call.sock')}`;
      const ready = { tcp: `unix:${socket}` };
      const services = {
        http: checked(
          { fork: http, ready: { http: `http://127.0.0.1:${port}/` } },
          { http: `http://127.0.0.1:${port}/` },
        ),
        tcp: checked({ fork: tcp, ready }, ready),
        command: checked({ run: ['sleep', '100000'] }, { command: ['test', '!', '-e', 'command'] }),
        call: checked({ host: call, listen: ['call'] }, { call: 'isWell', at }),
      };
      await supervising(stage, { ...around, listeners: { call: at }, services }, async (stack) => {
        await within('all are ready', stack.ready);
        await Promise.all(
          Object.keys(services).map(async (service) => {
            const pid = await pidOf(stage, stack, service);
            writeFileSync(join(stage.dir, service), '');
            await until(`${service} has ended`, () => !isAlive(pid));
            rmSync(join(stage.dir, service));
            await replaced(stack, service, pid);
            const texts = (await textsOf(stack, service)).join('\n');
            assert.match(texts, /failed its health check \(1\).*\n(.*\n)*.*\(2\).*\n(.*\n)*.*\(3\)/);
            assert.match(texts, /is replaced: 3 health checks failed in a row/);
          }),
        );
      });
    }));

  it('puts another process in the place of one that needs too much memory, without a failed request', () =>
    onStage(async (stage) => {
      const path = join(stage.dir, 'web');
      const web = module(
        stage,
        'web',
        `import { existsSync, rmSync } from 'node:fs';
        import { createServer } from 'node:http';
        const kept = [];
        createServer((_, response) => response.end(String(process.pid))).listen(${JSON.stringify(path)});
        setInterval(() => {
          if (!existsSync('grow')) return;
          rmSync('grow');
          kept.push(Buffer.alloc(300e6, 1));
        }, 10);`,
      );
      const config = {
        ...around,
        listeners: { web: `unix:${path}` },
        services: {
          web: { fork: web, listen: ['web'], memory: { max: '250MB', everyMs: 500, times: 2 } },
        },
      };
      await supervising(stage, config, async (stack) => {
        await within('it is ready', stack.ready);
        const pid = await pidOf(stage, stack, 'web');
        const load = httpLoad(path);
        writeFileSync(join(stage.dir, 'grow'), '');
        await replaced(stack, 'web', pid);
        await load.stop();
        assert.deepEqual(load.failures, []);
        const texts = (await textsOf(stack, 'web')).join('\n');
        assert.match(texts, /web\.1 needs \d+\.\d MB, and may need 250\.0 MB: it is replaced/);
        assert.equal((await stack.status()).instances[0]?.restarts, 0);
      });
    }));
});
