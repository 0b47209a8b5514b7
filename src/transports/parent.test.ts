import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { createEar } from '../../test/suites/byte-transport.ts';
import { type ProgramOptions, startProgram } from '../../test/suites/program.ts';
import { createStreamTransport } from './stream.ts';

const timeout = 30_000;
const program = new URL('../../test/programs/parent-seeker.ts', import.meta.url);

interface Found {
  kind?: string;
  kindred?: boolean;
  env?: string;
  grandchild?: number;
  code?: string;
  message?: string;
}

function seek(told: string | undefined, stdio: NonNullable<ProgramOptions['stdio']>, args: string[] = []) {
  const env: NodeJS.ProcessEnv = { ...process.env };
  if (told === undefined) delete env['KINDRED_CHANNEL'];
  else env['KINDRED_CHANNEL'] = told;
  const started = startProgram(program, args, { env, stdio, lines: false });
  const found = text(started.child.stderr as NodeJS.ReadableStream).then(
    (said) => JSON.parse(said.split('\n')[0] ?? '') as Found,
  );
  return { ...started, found };
}

test('finds the descriptor that the variable names, and takes the variable away', { timeout }, async () => {
  for (const [told, kindred] of [
    ['fd:3', false],
    ['fd:3;kindred', true],
  ] as const) {
    const { child, found, exited } = seek(told, ['ignore', 'ignore', 'pipe', 'pipe']);
    const transport = createStreamTransport('descriptor 3', child.stdio[3] as Duplex);
    const ear = createEar();
    transport.start(ear);
    transport.write(['there and back']);
    await ear.until('the echo', () => ear.size === 14);
    transport.end();
    await ear.until('the close', () => ear.heard.includes('close'));
    assert.deepEqual(ear.heard, ['data', 'end', 'close']);
    assert.equal(ear.error, undefined);
    assert.equal(await exited, 0);
    assert.deepEqual(await found, { kind: 'descriptor', kindred });
  }
});

test('a grandchild does not keep the channel open', { timeout }, async () => {
  const { child, found, exited } = seek('fd:3', ['ignore', 'ignore', 'pipe', 'pipe'], ['grandchild']);
  const transport = createStreamTransport('descriptor 3', child.stdio[3] as Duplex);
  const ear = createEar();
  transport.start(ear);
  transport.write(['x']);
  await ear.until('the echo', () => ear.size === 1);
  child.kill('SIGKILL');
  await ear.until('the end', () => ear.heard.includes('end') || ear.heard.includes('close'));
  const { grandchild } = await found;
  process.kill(grandchild as number, 0);
  process.kill(grandchild as number, 'SIGKILL');
  await exited;
  transport.destroy();
});

test('finds native IPC, told and untold', { timeout }, async () => {
  for (const [told, kindred] of [
    ['ipc', false],
    ['ipc;kindred', true],
    [undefined, false],
    ['', false],
  ] as const) {
    const { found, exited } = seek(told, ['ignore', 'ignore', 'pipe', 'ipc']);
    assert.deepEqual(await found, { kind: 'ipc', kindred });
    assert.equal(await exited, 0);
  }
});

test('finds stdio, told and untold', { timeout }, async () => {
  for (const [told, kindred] of [
    ['stdio', false],
    ['stdio;kindred', true],
    [undefined, false],
  ] as const) {
    const { found, exited } = seek(told, ['pipe', 'pipe', 'pipe']);
    assert.deepEqual(await found, { kind: 'stdio', kindred });
    assert.equal(await exited, 0);
  }
});

test('no channel is ERR_NOT_REACHABLE with the mend: stdin is /dev/null, as in a service', {
  timeout,
}, async () => {
  const { found, exited } = seek(undefined, ['ignore', 'pipe', 'pipe']);
  const { code, message } = await found;
  assert.equal(code, 'ERR_NOT_REACHABLE');
  assert.match(message ?? '', /gave it no channel: start it with spawn or fork/);
  assert.equal(await exited, 0);
});

for (const [told, message] of [
  ['fd:7', /descriptor 7, which is no open socket here/],
  ['fd:0', /descriptor 0/],
  ['fd:x', /"fd:x": it must be/],
  ['ipc', /not there, or closed/],
  ['pigeon', /"pigeon": it must be fd:NUMBER, ipc or stdio/],
] as const)
  test(`the variable saying ${told} without cause is ERR_BAD_ADDRESS`, { timeout }, async () => {
    const { found, exited } = seek(told, ['ignore', 'pipe', 'pipe']);
    const answer = await found;
    assert.equal(answer.code, 'ERR_BAD_ADDRESS');
    assert.match(answer.message ?? '', message);
    assert.equal(await exited, 0);
  });

test('of a file on the descriptor it is said that it is no socket', { timeout }, async () => {
  const fd = openSync(fileURLToPath(program), 'r');
  const child = spawn(process.execPath, ['--conditions=@kindred/source', fileURLToPath(program)], {
    stdio: ['ignore', 'ignore', 'pipe', fd],
    env: { ...process.env, KINDRED_CHANNEL: 'fd:3' },
  });
  closeSync(fd);
  assert.match(await text(child.stderr as NodeJS.ReadableStream), /ERR_BAD_ADDRESS.*no open socket/);
});

test('the parent of a thread is the thread that started it', { timeout }, async () => {
  const url = new URL('./parent.ts', import.meta.url).href;
  const worker = new Worker(
    `import(${JSON.stringify(url)}).then(({ findParent }) => require('node:worker_threads').parentPort.postMessage(findParent()));`,
    { eval: true },
  );
  assert.deepEqual(await once(worker, 'message'), [{ kind: 'thread' }]);
  await worker.terminate();
});
