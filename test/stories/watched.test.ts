/** A Node.js child that is to die with its parent runs as one that is not: it sees no difference, and neither does its parent. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { execFile, fork, spawn } from '../../src/process/index.ts';
import { until, within } from './fixtures/deadline.ts';
import { isAlive } from './fixtures/stage.ts';

const dir = mkdtempSync(join(tmpdir(), 'watched-'));
after(() => rmSync(dir, { recursive: true, force: true }));

function program(name: string, text: string): string {
  const file = join(dir, name);
  writeFileSync(file, text);
  return file;
}

const shows = `console.log(JSON.stringify({
  argv: process.argv, execArgv: process.execArgv, env: process.env, main: require.main === module,
  handles: process._getActiveHandles().map(({ constructor }) => constructor.name), resources: process.getActiveResourcesInfo(),
}));`;
const showsModule =
  'console.log(JSON.stringify({ argv: process.argv, execArgv: process.execArgv, env: process.env }));';
const threads = `const { Worker } = require('node:worker_threads');
  new Worker('require("worker_threads").parentPort.postMessage(process.execArgv)', { eval: true })
    .on('message', (flags) => console.log(flags));`;
const cluster = `const cluster = require('node:cluster');
  if (cluster.isPrimary) cluster.fork().on('message', (m) => console.log(m)).on('exit', (code) => console.log(code));
  else process.send({ execArgv: process.execArgv, parent: process.env.KINDRED_PARENT }, () => process.exit(4));`;
const nested = `const { fork } = require('node:child_process');
  if (process.argv[2] === 'inner') process.send(process.execArgv);
  else fork(__filename, ['inner']).on('message', (flags) => console.log(flags));`;

/** The arguments of Node.js, and what is on its stdin. */
const programs: { [name: string]: { args: string[]; input?: string } } = {
  'a CommonJS program': { args: [program('shows.cjs', shows), 'an argument', '--import=x'] },
  'an ES module': { args: ['--stack-trace-limit=7', program('shows.mjs', showsModule)] },
  'a program in TypeScript': { args: [program('shows.ts', `const n: number = 1; ${showsModule}`)] },
  'a program with a name that Node.js does not know': { args: [program('shows.program', shows)] },
  'a line of code': { args: ['-p', 'process.execArgv.length + process.argv.length'] },
  'a program on stdin': { args: ['-'], input: showsModule },
  tests: {
    args: [
      '--test',
      '--test-reporter=tap',
      program('a.test.mjs', "import 'node:test'; console.log(process.argv.length)"),
    ],
  },
  'a program with threads': { args: [program('threads.cjs', threads)] },
  'a cluster': { args: [program('cluster.cjs', cluster)] },
  'a program that forks itself': { args: [program('nested.cjs', nested)] },
  'a program under the permission model': {
    args: ['--permission', `--allow-fs-read=${dir}/*`, join(dir, 'shows.cjs')],
  },
  'a program that is checked, and not run': { args: ['--check', join(dir, 'shows.cjs')] },
  'a program that throws': { args: [program('throws.cjs', "throw new Error('as ever')")] },
  'a program that is not there': { args: [join(dir, 'none.cjs')] },
};

/** A program in a line, which starts others, and its outcome. */
const aParent = (script: string) =>
  within(
    'it ends',
    execFile(process.execPath, [
      '--input-type=module',
      '-e',
      `import { fork, spawn } from ${JSON.stringify(new URL('../../src/process/index.ts', import.meta.url).href)}; ${script}`,
    ]),
  );

/** Of a report: how long it took. */
const withoutTimes = (text: string): string => text.replace(/duration_ms.*/g, '');

describe('a Node.js child that is watched', () => {
  for (const [name, { args, input }] of Object.entries(programs))
    it(`is ${name}, as one that is not`, async () => {
      // Exact, and without what tests are run with.
      const env = { PATH: process.env['PATH'], NO_COLOR: '1' };
      const run = async (onParentDeath: 'die' | 'survive') => {
        const { stdout, stderr, exitCode } = await execFile(process.execPath, args, {
          env,
          input,
          onParentDeath,
        });
        return { stdout: withoutTimes(stdout), stderr, exitCode };
      };
      assert.deepEqual(await within('it ends', run('die')), await run('survive'));
    });

  it('has the descriptors that it was given, at their numbers, and its parent no more', async () => {
    const script = `const { Socket } = require('node:net');
      const ends = [3, 5].map((fd) => new Socket({ fd }));
      for (const end of ends) end.on('data', (text) => end.end(String(text).toUpperCase()));`;
    for (const onParentDeath of ['die', 'survive'] as const) {
      const stdio = ['ignore', 'ignore', 'inherit', 'pipe', 'ignore', 'pipe'] as const;
      const child = spawn(process.execPath, ['-e', script], { stdio, onParentDeath });
      assert.equal(child.stdio.length, 6);
      child.stdio[3].write('three');
      child.stdio[5].write('five');
      const heard = await Promise.all([once(child.stdio[3], 'data'), once(child.stdio[5], 'data')]);
      assert.deepEqual(heard.map(String), ['THREE', 'FIVE']);
      await within('it closes', once(child, 'close'));
    }
  });

  it('shows what was started, whatever was', async () => {
    for (const [command, args, options] of [
      [process.execPath, ['-e', '0'], {}],
      ['true', ['--', 'x'], {}],
      ['true', [], { argv0: 'other' }],
      ['exit 0', [], { shell: true }],
      ['exit 0', [], { shell: 'sh' }],
      ['no-such-program', ['x'], {}],
    ] as const) {
      const show = async (onParentDeath: 'die' | 'survive') => {
        const child = spawn(command, args, { ...options, onParentDeath });
        const exit = await child.exited.catch(({ code }) => code);
        return [child.spawnfile, child.spawnargs, child.stdio.length, exit];
      };
      assert.deepEqual(await show('die'), await show('survive'));
    }
  });

  it('is told to have closed although nothing else keeps its parent alive', async () => {
    const { stdout, stderr } = await aParent(
      `for (const command of [process.execPath, 'true', 'no-such-program']) {
         const child = spawn(command, command === 'true' ? [] : ['-e', '0'], { stdio: 'ignore' });
         child.on('error', () => {}).on('close', () => console.log('closed'));
       }`,
    );
    assert.equal(stdout, 'closed\n'.repeat(3), stderr);
  });

  it('keeps its parent alive no longer than one that is not', async () => {
    const idle = program('idle.cjs', 'setInterval(() => {}, 1000)');
    const { stdout, stderr } = await aParent(
      `const child = fork(${JSON.stringify(idle)}, { silent: true });
       child.disconnect();
       child.unref();
       for (const stream of child.stdio) stream?.unref();
       console.log(child.pid);`,
    );
    assert.match(stdout, /^\d+\n$/, stderr);
    await until('it has ended with its parent', () => !isAlive(Number(stdout)));
  });

  it('takes the flags of its parent on, of which none is to watch', async () => {
    const child = fork(program('flags.cjs', 'process.send(process.execArgv)'), {
      execArgv: ['--stack-trace-limit=9'],
    });
    const [flags] = await once(child, 'message');
    assert.deepEqual(flags, ['--stack-trace-limit=9']);
    await child.exited;
  });
});
