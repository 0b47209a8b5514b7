import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { after, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sayTie } from './parent-tie.ts';
import { identityOfProcess } from './process-identity.ts';

const at = (file: string): string => new URL(file, import.meta.url).href;
const started = new Set<ChildProcess>();
after(() =>
  assert.deepEqual(
    [...started].map(({ spawnargs }) => spawnargs),
    [],
  ),
);

const tie = (graceMs: number): string => sayTie({ parent: identityOfProcess(process.pid), fd: 3, graceMs });

/** A program, as text, with the watcher before it. It is told to watch descriptor 3, which is open. */
function watched(script: string, variable = tie(5000)) {
  const args = [`--require=${fileURLToPath(at('./parent-watch.ts'))}`, '--input-type=module', '-e', script];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, KINDRED_PARENT: variable },
  }) as ChildProcess & { stdout: Readable; stderr: Readable };
  started.add(child);
  const exited = once(child, 'exit').then(([code, signal]: (number | string | null)[]) => {
    started.delete(child);
    return code ?? signal;
  });
  return {
    exited,
    /** What it has printed when it ends. */
    said: Promise.all([child.stdout, child.stderr].map((stream) => stream.setEncoding('utf8').toArray())),
    /** It runs, and has printed. */
    ready: once(child.stdout, 'readable'),
    cut: () => void (child.stdio[3] as Socket).destroy(),
  };
}

const idle = 'setInterval(() => {}, 1000); console.log("ready");';
const deaf = `process.on('SIGTERM', () => {}); ${idle}`;

it('ends a process whose tie is cut', async () => {
  const { ready, cut, exited } = watched(idle);
  await ready;
  cut();
  assert.equal(await exited, 'SIGTERM');
});

it('lets a process handle SIGTERM', async () => {
  const { ready, cut, exited } = watched(`process.on('SIGTERM', () => process.exit(5)); ${idle}`);
  await ready;
  cut();
  assert.equal(await exited, 5);
});

it('kills one that lives on when its grace is over, blocked or not', async () => {
  for (const script of [deaf, `${deaf} setImmediate(() => { for (;;); });`]) {
    const { ready, cut, exited } = watched(script, tie(50));
    await ready;
    cut();
    assert.equal(await exited, 'SIGKILL');
  }
});

it('sends no SIGTERM to one that ends by itself, and kills it when it has said nothing for so long', async () => {
  const ends = `import { endsItselfWithin } from '${at('./own-end.ts')}'; endsItselfWithin(50);`;
  const silent = watched(`${ends} ${idle}`, tie(50));
  await silent.ready;
  silent.cut();
  assert.equal(await silent.exited, 'SIGKILL');
});

it('lets one that ends by itself take its time while it says so', async () => {
  const beat = `import { endsItselfWithin } from '${at('./own-end.ts')}';
    endsItselfWithin(1000);
    let beats = 0;
    setInterval(() => {
      endsItselfWithin(1000);
      if (++beats === 30) process.exit(6);
    }, 50);
    console.log('ready');`;
  const { ready, cut, exited } = watched(beat);
  await ready;
  cut();
  assert.equal(await exited, 6);
});

it('does not keep a process alive, nor change how it ends', async () => {
  assert.equal(await watched('').exited, 0);
  assert.equal(await watched('process.exitCode = 3').exited, 3);
  assert.equal(await watched('process.exit(4)').exited, 4);
  assert.equal(await watched("throw new Error('as ever')").exited, 1);
});

it('leaves nothing to hand on', async () => {
  const { said } = watched('console.log(JSON.stringify([process.env.KINDRED_PARENT, process.execArgv]))');
  const [[stdout = '']] = (await said) as [string[], string[]];
  const [variable, execArgv] = JSON.parse(stdout) as [string | null, string[]];
  assert.equal(variable, null);
  assert.deepEqual(
    execArgv.filter((flag) => flag.includes('parent-watch')),
    [],
  );
});

it('lets threads of the process start as ever', async () => {
  const { exited } = watched(
    `import { Worker } from 'node:worker_threads';
     new Worker('process.exit(7)', { eval: true }).on('exit', (code) => process.exit(code));`,
  );
  assert.equal(await exited, 7);
});

it('watches the process where the descriptor is not the one that it gave: a program in between has its own', async () => {
  for (const fd of [3, 17]) {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const parent = identityOfProcess(other.pid as number);
    const { ready, exited } = watched(idle, sayTie({ parent, fd, graceMs: 5000 }));
    await ready;
    other.kill('SIGKILL');
    assert.equal(await exited, 'SIGTERM');
  }
});

it('refuses to start a program that it cannot watch, and says why', async () => {
  const { said, exited } = watched('console.log("ran")', 'nonsense');
  const [stdout, stderr] = (await said) as [string[], string[]];
  assert.match(stderr.join(''), /KINDRED_PARENT is "nonsense": it must be/);
  assert.deepEqual(stdout, []);
  assert.equal(await exited, 1);
});
