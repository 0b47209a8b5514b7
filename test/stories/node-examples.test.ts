/** The examples that Node.js documents for `child_process`, written against `kindred/process`: only the import differs. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket, connect as tcpConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { exec, execFile, execFileSync, execSync, fork, spawn, spawnSync } from 'kindred/process';
import { until } from './fixtures/deadline.ts';
import { isAlive } from './fixtures/stage.ts';

const dir = mkdtempSync(join(tmpdir(), 'node-examples-'));
after(() => rmSync(dir, { recursive: true, force: true }));

function program(name: string, text: string): string {
  const file = join(dir, name);
  writeFileSync(file, text);
  return file;
}

test('running ls, capturing stdout, stderr and the exit code', async () => {
  const ls = spawn('ls', ['-lh', '/usr']);
  let out = '';
  ls.stdout.on('data', (data) => (out += data));
  ls.stderr.on('data', (data) => assert.fail(String(data)));
  const [code] = await once(ls, 'close');
  assert.equal(code, 0);
  assert.match(out, /bin/);
});

test('an elaborate way to run ls /usr | grep bin', async () => {
  const ls = spawn('ls', ['/usr']);
  const grep = spawn('grep', ['bin']);
  let found = '';
  ls.stdout.on('data', (data) => grep.stdin.write(data));
  ls.on('close', () => grep.stdin.end());
  grep.stdout.on('data', (data) => (found += data));
  const [code] = await once(grep, 'close');
  assert.equal(code, 0);
  assert.match(found, /bin/);
});

test('a spawn that fails', async () => {
  const subprocess = spawn('bad_command');
  const [error] = await once(subprocess, 'error');
  assert.match(String(error), /ENOENT/);
});

test('exec with a callback, and a path with a space', async () => {
  program('my script.sh', 'echo "with a space: $1"');
  const { promise, resolve } = Promise.withResolvers<[unknown, string, string]>();
  exec(`sh "${join(dir, 'my script.sh')}" "an argument"`, (error, stdout, stderr) =>
    resolve([error, stdout, stderr]),
  );
  assert.deepEqual(await promise, [null, 'with a space: an argument\n', '']);
});

test('exec as a promise', async () => {
  const { stdout, stderr } = await exec('ls /');
  assert.match(stdout, /usr/);
  assert.equal(stderr, '');
});

test('execFile, with a callback and as a promise', async () => {
  const { promise, resolve } = Promise.withResolvers<[unknown, string]>();
  execFile(process.execPath, ['--version'], (error, stdout) => resolve([error, stdout]));
  assert.deepEqual(await promise, [null, `${process.version}\n`]);
  assert.equal((await execFile(process.execPath, ['--version'])).stdout, `${process.version}\n`);
});

test('a signal that aborts exec, execFile, spawn and fork', async () => {
  const idle = program('idle.cjs', 'setInterval(() => {}, 1000)');
  for (const start of [
    (signal: AbortSignal) => spawn('sleep', ['1000'], { signal }),
    (signal: AbortSignal) => fork(idle, [], { signal }),
    (signal: AbortSignal) => execFile('sleep', ['1000'], { signal }, () => {}),
    (signal: AbortSignal) => exec('exec sleep 1000', { signal }, () => {}),
  ]) {
    const controller = new AbortController();
    const child = start(controller.signal);
    const failed = once(child, 'error');
    controller.abort();
    const [error] = await failed;
    assert.equal((error as Error).name, 'AbortError');
    assert.deepEqual(await child.exited, { exitCode: null, signal: 'SIGTERM' });
  }
});

test('fork: messages both ways', async () => {
  const sub = program(
    'sub.cjs',
    "process.on('message', (m) => { if (m.hello) process.send({ foo: 'bar', baz: NaN, got: m }); else process.exit(); });",
  );
  const n = fork(sub);
  n.send({ hello: 'world' });
  const [message] = await once(n, 'message');
  assert.deepEqual(message, { foo: 'bar', baz: null, got: { hello: 'world' } });
  n.send({});
  assert.deepEqual(await n.exited, { exitCode: 0, signal: null });
});

test('a detached child with its output in a file, which the parent does not wait for', async () => {
  const log = join(dir, 'out.log');
  const out = openSync(log, 'a');
  const err = openSync(log, 'a');
  const subprocess = spawn('sh', ['-c', 'echo started; exec sleep 1000'], {
    detached: true,
    stdio: ['ignore', out, err],
  });
  subprocess.unref();
  await until('it has started', () => readFileSync(log, 'utf8') === 'started\n');
  const pid = subprocess.pid as number;
  assert.equal(isAlive(pid), true);
  process.kill(-pid, 'SIGKILL');
  await subprocess.exited;
});

test('the forms of stdio', async () => {
  const inherited = spawn('true', [], { stdio: 'inherit' });
  assert.deepEqual([inherited.stdin, inherited.stdout, inherited.stderr], [null, null, null]);
  const shared = spawn('true', [], { stdio: ['pipe', 'pipe', process.stderr] });
  assert.equal(shared.stderr, null);
  const extra = spawn('sh', ['-c', 'echo up >&4'], { stdio: ['pipe', null, null, null, 'pipe'] });
  const [said] = await once(extra.stdio[4], 'data');
  assert.equal(String(said), 'up\n');
  await Promise.all([inherited.exited, shared.exited, extra.exited]);
});

test('close after exit, killed after kill, exitCode, signalCode, spawnargs and spawnfile', async () => {
  const child = spawn('sleep', ['1000']);
  await once(child, 'spawn');
  assert.deepEqual([child.exitCode, child.signalCode, child.killed], [null, null, false]);
  assert.equal(child.kill('SIGHUP'), true);
  assert.equal(child.killed, true);
  const order: string[] = [];
  child.on('exit', () => order.push('exit')).on('close', () => order.push('close'));
  await once(child, 'close');
  assert.deepEqual(order, ['exit', 'close']);
  assert.deepEqual([child.exitCode, child.signalCode], [null, 'SIGHUP']);
  assert.deepEqual([child.spawnfile, child.spawnargs], ['sleep', ['sleep', '1000']]);
});

test('sending a server and sockets', async () => {
  const child = program(
    'taker.cjs',
    `process.on('message', (m, handle) => {
      if (m === 'server') handle.on('connection', (socket) => socket.end('handled by the child'));
      if (m === 'socket' && handle) { handle.end('Request handled with special priority'); }
      process.send(m);
    });`,
  );
  const subprocess = fork(child);
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const asked = once(server, 'connection');
  const answered = read(port);
  const [socket] = await asked;
  subprocess.send('socket', socket as Socket);
  assert.equal(await answered, 'Request handled with special priority');
  subprocess.send('server', server);
  await once(subprocess, 'message');
  server.close();
  assert.equal(await read(port), 'handled by the child');
  subprocess.kill();
  await subprocess.exited;
});

async function read(port: number): Promise<string> {
  let text = '';
  for await (const chunk of tcpConnect(port, '127.0.0.1')) text += chunk;
  return text;
}

test('the forms that wait', () => {
  assert.equal(spawnSync('echo', ['a']).stdout.toString(), 'a\n');
  assert.equal(execSync('echo b').toString(), 'b\n');
  assert.equal(execFileSync('echo', ['c'], { encoding: 'utf8' }), 'c\n');
  assert.throws(() => execFileSync('sh', ['-c', 'exit 2'], { stdio: 'pipe' }), { status: 2 });
});
