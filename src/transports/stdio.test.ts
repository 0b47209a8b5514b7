import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { createEar, testByteTransport } from '../../test/suites/byte-transport.ts';
import { startProgram } from '../../test/suites/program.ts';
import { createStdioTransport } from './stdio.ts';
import { createStreamTransport } from './stream.ts';

const timeout = 30_000;
const program = new URL('../../test/programs/stdio-end.ts', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'kindred-stdio-'));
after(() => rmSync(folder, { recursive: true }));
let sockets = 0;

async function socketPair(): Promise<[Socket, Socket]> {
  const path = join(folder, `${sockets++}`);
  const server = createServer({ allowHalfOpen: true }).listen(path);
  await once(server, 'listening');
  const one = connect({ path, allowHalfOpen: true });
  const [[other]] = await Promise.all([once(server, 'connection'), once(one, 'connect')]);
  server.close();
  return [one, other as Socket];
}

testByteTransport(
  'stdio:',
  async () => {
    const [stdin, toStdin] = await socketPair();
    const [stdout, fromStdout] = await socketPair();
    stdin.end();
    fromStdout.end();
    return {
      near: createStdioTransport({ stdin, stdout, stderr: new PassThrough() }),
      far: createStreamTransport('the other process', fromStdout, toStdin),
      cleanUp: () => void [stdin, toStdin, stdout, fromStdout].map((socket) => socket.destroy()),
    };
  },
  { lastWords: false },
);

test('what is printed goes to stderr, before, between and after messages; stdout holds the protocol alone', {
  timeout,
}, async () => {
  const { child, exited } = startProgram(program, ['chatty'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    lines: false,
  });
  const [out, err] = [
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
  ];
  child.stdin?.write('hello\n');
  child.stdin?.end();
  assert.equal(await exited, 0);
  // Nobody knows whether what was printed before has ended its line.
  assert.equal(await out, 'before\n\nHELLO\nbye\n');
  const lines = (await err).trim().split('\n');
  assert.deepEqual(lines.sort(), [
    'proper',
    'stray after the close',
    'stray at the end',
    'stray callback',
    'stray log',
    'stray write',
  ]);
});

test('the end of stdin ends the process, with all that it had to say', { timeout }, async () => {
  const { child, exited } = startProgram(program, [], { stdio: ['pipe', 'pipe', 'inherit'], lines: false });
  const out = text(child.stdout as NodeJS.ReadableStream);
  const words = 'word '.repeat(100_000);
  child.stdin?.end(words);
  assert.equal(await out, `${words.toUpperCase()}bye\n`);
  assert.equal(await exited, 0);
});

test('works over pipes and files as a shell makes them', { timeout }, async () => {
  const [node, file] = [process.execPath, fileURLToPath(program)];
  const shell = spawn(
    'sh',
    ['-c', `printf 'through a pipe\\n' | "$0" --conditions=@kindred/source "$1" | cat`, node, file],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  assert.equal(await text(shell.stdout), 'THROUGH A PIPE\nbye\n');

  const [input, output] = [join(folder, 'in'), join(folder, 'out')];
  writeFileSync(input, 'from a file\n');
  const child = spawn(node, ['--conditions=@kindred/source', file], {
    stdio: [openSync(input, 'r'), openSync(output, 'w'), 'inherit'],
  });
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  assert.equal(readFileSync(output, 'utf8'), 'FROM A FILE\nbye\n');
});

test('a reader of stdout that is gone closes the transport with an error, and nothing is thrown', async () => {
  const [stdout, fromStdout] = await socketPair();
  const stdin = new PassThrough();
  const transport = createStdioTransport({ stdin, stdout, stderr: new PassThrough() });
  const ear = createEar();
  transport.start(ear);
  fromStdout.destroy();
  await once(fromStdout, 'close');
  transport.write(['anybody?']);
  // What is still said to us is heard to its end.
  stdin.end('last words');
  await ear.until('the close', () => ear.heard.includes('close'));
  assert.deepEqual(ear.heard, ['data', 'end', 'close']);
  assert.equal((ear.error as { code?: string }).code, 'ERR_PEER_GONE');
  stdout.write('printed after all\n');
});

test('who prints too much is held back by stderr', async () => {
  let goOn = () => {};
  const stderr = new Writable({
    highWaterMark: 1,
    write(_chunk, _encoding, done) {
      goOn = done;
    },
  });
  const stdout = new PassThrough();
  const transport = createStdioTransport({ stdin: new PassThrough(), stdout, stderr });
  assert.equal(stdout.write('printed'), false);
  const drained = once(stdout, 'drain');
  goOn();
  await drained;
  transport.destroy();
});

test('stdin and stdout are taken once, and not by a thread', async () => {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const transport = createStdioTransport(streams);
  assert.throws(() => createStdioTransport(streams), {
    code: 'ERR_ADDRESS_IN_USE',
    message: /^stdio: is in use/,
  });
  transport.destroy();
  const url = new URL('./stdio.ts', import.meta.url).href;
  const worker = new Worker(
    `import(${JSON.stringify(url)}).then(({ createStdioTransport }) => createStdioTransport()).catch(({ code }) => require('node:worker_threads').parentPort.postMessage(code));`,
    { eval: true },
  );
  assert.deepEqual(await once(worker, 'message'), ['ERR_NOT_SUPPORTED']);
  await worker.terminate();
});
