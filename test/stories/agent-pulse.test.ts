/** The agent in a service says how its event loop fares, and by what it is blocked; and disturbs nothing. */
import assert from 'node:assert/strict';
import { closeSync, constants, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { until } from './fixtures/deadline.ts';
import { type House, inHouse, type Service } from './fixtures/services.ts';

const skip = process.platform === 'win32' && 'there is no keeper';

/** Serves, and blocks when it is asked to, until there is a file `go`. */
const blocks = (how: string): string => `
import { execSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { url } from 'node:inspector';
function spin() { while (!existsSync('go')); }
function wait() { while (!existsSync('go')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100); }
function run() { execSync('while [ ! -e go ]; do sleep 0.1; done'); }
function match() { /^(a+)+$/.test('a'.repeat(60) + 'b'); }
createServer((request, response) => {
  if (request.url === '/block') ${how}();
  response.end(String(url()));
}).listen(0, '127.0.0.1', function () { console.log('port ' + this.address().port); });
`;

const go = ({ dir }: House): void => writeFileSync(join(dir, 'go'), '');

/** Once it serves and its thread is there, which may take a while. What is returned blocks it, and has its answer. */
async function begun(service: Service): Promise<() => Promise<string>> {
  const port = await service.said('port ');
  await service.word('load');
  return async () => (await fetch(`http://127.0.0.1:${port}/block`)).text();
}

describe('the agent', { skip }, () => {
  for (const [what, how, stack] of [
    ['a loop', 'spin', /at spin \(.*s\.1\.mjs:6:\d+\)\nat .*s\.1\.mjs:11:\d+/],
    ['Atomics.wait', 'wait', /at wait \(.*s\.1\.mjs:7:\d+\)/],
    ['execSync', 'run', /^blocked in native code; .*its children: .*while \[ ! -e go \]/],
  ] as const)
    it(`tells that ${what} blocks the event loop, then by what, and that it turns again`, () =>
      inHouse(async (house) => {
        const service = await house.start({
          program: blocks(how),
          hang: { afterMs: 400 },
          loadEveryMs: 100,
        });
        const block = await begun(service);
        const answer = block();
        await service.word('stack', ({ text }) => stack.test(text));
        // Again and again: whoever heard it first may have died over it.
        await service.word('hung', ({ blockedMs }) => blockedMs >= 600);
        go(house);
        await service.word('turns', ({ blockedMs }) => blockedMs >= 400);
        // Seen as soon as JavaScript goes on.
        if (how === 'run')
          await service.word('stack', ({ text }) => /at run \(.*s\.1\.mjs:8:\d+\)/.test(text));
        // Of the inspector: none is open.
        assert.equal(await answer, 'undefined');
        const kinds = service.words.map(({ word }) => word).filter((word) => word !== 'load');
        assert.ok(kinds.indexOf('hung') < kinds.indexOf('stack'), kinds.join());
      }));

  it('tells that a catastrophic regular expression blocks it', () =>
    inHouse(async (house) => {
      const service = await house.start({
        program: blocks('match'),
        hang: { afterMs: 400 },
        loadEveryMs: 100,
      });
      const block = await begun(service);
      const answer = block().catch(() => {});
      await service.word('hung', ({ blockedMs }) => blockedMs >= 400);
      // Where the regular expression cannot be interrupted, /proc tells.
      const { text } = await service.word('stack');
      assert.match(text, /at match|blocked in native code/);
      await service.signal('SIGKILL');
      await answer;
    }));

  it('takes a program that is debugged for one that may stop', () =>
    inHouse(async (house) => {
      const service = await house.start({
        program: blocks('spin'),
        flags: ['--inspect=127.0.0.1:0'],
        hang: { afterMs: 400 },
        loadEveryMs: 100,
      });
      const block = await begun(service);
      const answer = block();
      await service.word('load', ({ lagMs }) => lagMs >= 1000);
      go(house);
      await answer;
      assert.equal(
        service.words.some(({ word }) => word === 'hung'),
        false,
      );
    }));

  it('tells of the load and of the requests a second, and says nothing of a loop that turns', () =>
    inHouse(async (house) => {
      const service = await house.start({ program: blocks('spin'), loadEveryMs: 100 });
      const url = `http://127.0.0.1:${await service.said('port ')}/`;
      for (let n = 0; n < 20; n++) await (await fetch(url)).text();
      const { cpu, lagMs } = await service.word('load', ({ calls }) => calls > 0);
      assert.ok(cpu >= 0 && lagMs >= 0);
      await until('a second of it', () => service.words.length > 10);
      assert.deepEqual(
        service.words.filter(({ word }) => word !== 'load'),
        [],
      );
    }));

  it('waits for nobody who would read its words', () =>
    inHouse(async (house) => {
      const service = await house.start({ program: blocks('spin'), loadEveryMs: 20, unread: true });
      const port = await service.said('port ');
      fill(service.entry.lines['words'] as string);
      for (let n = 0; n < 50; n++) await (await fetch(`http://127.0.0.1:${port}/`)).text();
      await service.signal('SIGINT');
      assert.equal(await service.ended(), 'SIGINT');
    }));

  it('does not keep a process alive, nor change how it ends', () =>
    inHouse(async (house) => {
      for (const [program, how] of [
        ['', 0],
        ['process.exitCode = 3', 3],
        ['process.exit(4)', 4],
        ["throw new Error('as ever')", 1],
        ["process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000)", 'SIGTERM'],
      ] as const) {
        const service = await house.start({ program });
        assert.equal(await service.ended(), how, program);
      }
    }));

  it('lets a process exit that was blocked while it is looked at', () =>
    inHouse(async (house) => {
      const service = await house.start({
        program: "import { existsSync } from 'node:fs'; while (!existsSync('go')); process.exit(5)",
        hang: { afterMs: 200 },
      });
      await service.word('hung');
      go(house);
      assert.equal(await service.ended(), 5);
    }));

  it('leaves nothing to what the service starts: children, threads, cluster workers', () =>
    inHouse(async (house) => {
      const web = await house.listener('web');
      const program = `
        import { fork } from 'node:child_process';
        import cluster from 'node:cluster';
        import { createServer } from 'node:http';
        import { Worker } from 'node:worker_threads';
        const seen = () => JSON.stringify([process.execArgv.filter((flag) => flag.includes('preload')),
          Object.keys(process.env).filter((name) => /^KINDRED_(AGENT|WORDS|READY)/.test(name))]);
        if (process.argv[2] === 'child') console.log('child ' + seen());
        else if (cluster.isPrimary) {
          fork(import.meta.filename, ['child']);
          new Worker("console.log('thread ' + (" + seen + ")())", { eval: true });
          console.log('own ' + seen());
          cluster.fork();
          cluster.fork();
        } else {
          console.log('worker ' + seen());
          createServer((_request, response) => response.end(String(process.pid))).listen(${portOf(web.bound)});
        }`;
      const service = await house.start({ program, listeners: [web] });
      for (const who of ['own', 'child', 'thread', 'worker'])
        assert.equal(await service.said(`${who} `), '[[],[]]', who);
      const answer = await fetch(web.bound.replace('tcp:', 'http:'));
      assert.notEqual(Number(await answer.text()), service.pid);
      await service.signal('SIGTERM');
      assert.equal(await service.ended(), 'SIGTERM');
    }));
});

function portOf(bound: string): number {
  return Number(new URL(bound).port);
}

/** Until nothing goes into it. */
function fill(path: string): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    for (;;) writeSync(fd, 'x'.repeat(4000));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
  } finally {
    closeSync(fd);
  }
}
