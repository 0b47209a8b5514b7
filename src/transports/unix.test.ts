import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { createEar, testByteTransport } from '../../test/suites/byte-transport.ts';
import { startProgram } from '../../test/suites/program.ts';
import type { ByteTransport } from '../channel/transport.ts';
import { dialUnix, groupId, type ListenUnixOptions, listenUnix } from './unix.ts';

const folder = mkdtempSync(join(tmpdir(), 'kindred-unix-'));
const runtimeDirectory = join(folder, 'runtime');
const sockets = join(folder, 'sockets');
before(() => {
  process.env.KINDRED_RUNTIME_DIR = runtimeDirectory;
  mkdirSync(sockets);
});
after(() => rmSync(folder, { recursive: true }));

let count = 0;
const newPath = () => join(sockets, `${++count}.sock`);

async function listening(path: string, options: ListenUnixOptions = {}) {
  const waiting: ((transport: ByteTransport) => void)[] = [];
  const accepted: ByteTransport[] = [];
  const listener = await listenUnix(path, options, (transport) => {
    const waiter = waiting.shift();
    if (waiter === undefined) accepted.push(transport);
    else waiter(transport);
  });
  const next = (): Promise<ByteTransport> =>
    new Promise((resolve) => {
      const ready = accepted.shift();
      if (ready === undefined) waiting.push(resolve);
      else resolve(ready);
    });
  return { listener, next };
}

const program = new URL('../../test/programs/unix-server.ts', import.meta.url);

testByteTransport('unix:', async () => {
  const path = newPath();
  const { listener, next } = await listening(path);
  const [near, far] = await Promise.all([dialUnix(path), next()]);
  return { near, far, cleanUp: () => listener.close() };
});

test("a socket is its owner's alone, and close leaves nothing behind", async () => {
  const path = newPath();
  const { listener } = await listening(path);
  assert.equal(listener.address, `unix:${path}`);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(sockets), [`${count}.sock`]);
  await listener.close();
  assert.equal(await listener.closed, undefined);
  assert.deepEqual(readdirSync(sockets), []);
  await assert.rejects(dialUnix(path), {
    code: 'ERR_NOT_REACHABLE',
    outcome: 'not-sent',
    retryable: true,
    message: /nothing at that path \(ENOENT\)/,
  });
});

test('mode and group are set before the name appears', async () => {
  const path = newPath();
  const group =
    process.getgroups?.().find((gid) => gid !== userInfo().gid) ??
    (userInfo().uid === 0 ? 12345 : userInfo().gid);
  const { listener } = await listening(path, { mode: 0o660, group });
  const stats = statSync(path);
  assert.equal(stats.mode & 0o777, 0o660);
  assert.equal(stats.gid, group);
  await listener.close();
});

test('never is a socket seen under its name with other rights', async () => {
  const path = newPath();
  const seen = new Set<number>();
  let watching = true;
  const watch = () => {
    if (existsSync(path)) seen.add(statSync(path).mode & 0o777);
    if (watching) setImmediate(watch);
  };
  watch();
  for (let i = 0; i < 20; i++) await (await listening(path, { mode: 0o640 })).listener.close();
  watching = false;
  assert.deepEqual(
    [...seen].filter((mode) => mode !== 0o640),
    [],
  );
});

test('finds a group by its name', () => {
  const file = join(folder, 'group');
  writeFileSync(file, 'root:x:0:\nweb:x:33:alice,bob\nweb2:x:34:\n');
  assert.equal(groupId('web', file), 33);
  assert.equal(groupId(7, file), 7);
  assert.throws(() => groupId('we', file), { code: 'ERR_BAD_ARGUMENT', message: /no group "we"/ });
  assert.throws(() => groupId(-1, file), { code: 'ERR_BAD_ARGUMENT' });
});

test('a group that its owner may not give is ERR_BAD_ARGUMENT, and leaves nothing behind', async (t) => {
  if (userInfo().uid === 0) return t.skip('root may give any group');
  const path = newPath();
  await assert.rejects(listening(path, { group: 0 }), {
    code: 'ERR_BAD_ARGUMENT',
    message: /member of that group/,
  });
  assert.deepEqual(readdirSync(sockets), []);
});

test('paths up to the limit of the system work, one byte more is ERR_BAD_ADDRESS with limit and length', async () => {
  const limit = process.platform === 'linux' ? 107 : 103;
  const path = (length: number, name: string) => {
    const parent = join(sockets, 'x'.repeat(length - sockets.length - name.length - 2));
    mkdirSync(parent, { recursive: true });
    return join(parent, name);
  };
  for (const name of ['a', 'app.sock', 'a-longer-name.sock']) {
    const longest = path(limit, name);
    assert.equal(longest.length, limit);
    const { listener, next } = await listening(longest);
    const [near, far] = await Promise.all([dialUnix(longest), next()]);
    near.destroy();
    far.destroy();
    await listener.close();
    assert.deepEqual(readdirSync(dirname(longest)), []);
    const tooLong = path(limit + 1, name);
    const error = {
      code: 'ERR_BAD_ADDRESS',
      message: new RegExp(`has ${limit + 1} bytes, and the system allows ${limit}`),
    };
    await assert.rejects(listening(tooLong), error);
    await assert.rejects(dialUnix(tooLong), error);
  }
  // Bytes count, not characters.
  await assert.rejects(dialUnix(`/${'\u00e9'.repeat(54)}`), {
    code: 'ERR_BAD_ADDRESS',
    message: /has 109 bytes/,
  });
  for (const entry of readdirSync(sockets)) rmSync(join(sockets, entry), { recursive: true });
});

test('a live server is never robbed', async () => {
  const path = newPath();
  const { listener, next } = await listening(path);
  await assert.rejects(listening(path), {
    code: 'ERR_ADDRESS_IN_USE',
    message: /a live server listens there/,
  });
  // The look whether it is alive was a connection too.
  (await next()).destroy();
  const [near, far] = await Promise.all([dialUnix(path), next()]);
  near.destroy();
  far.destroy();
  await listener.close();
});

test('a live server that is none of ours is never robbed', async () => {
  const path = newPath();
  const server = createServer().listen(path);
  await new Promise((resolve) => server.once('listening', resolve));
  await assert.rejects(listening(path), { code: 'ERR_ADDRESS_IN_USE' });
  assert.ok(lstatSync(path).isSocket());
  server.close();
});

for (const [what, make] of [
  ['a regular file', (path: string) => writeFileSync(path, 'precious')],
  ['a directory', (path: string) => mkdirSync(path)],
] as const)
  test(`${what} at the path is never removed`, async () => {
    const path = newPath();
    make(path);
    await assert.rejects(listening(path), {
      code: 'ERR_ADDRESS_IN_USE',
      message: new RegExp(`there is ${what}`),
    });
    assert.ok(existsSync(path));
    assert.equal(readdirSync(sockets).length, 1);
    rmSync(path, { recursive: true });
  });

test('the socket of a killed server does not block the next one', async () => {
  const path = newPath();
  const server = startProgram(program, [path]);
  assert.equal(await server.line(), 'listening');
  assert.equal(await server.kill(), 'SIGKILL');
  assert.ok(lstatSync(path).isSocket());
  await assert.rejects(dialUnix(path), { code: 'ERR_NOT_REACHABLE', message: /nobody listens there/ });
  const { listener } = await listening(path);
  const near = await dialUnix(path);
  near.destroy();
  await listener.close();
  assert.deepEqual(readdirSync(sockets), []);
});

test('of many servers that find a dead socket exactly one takes its place', async () => {
  const path = newPath();
  const dead = startProgram(program, [path]);
  await dead.line();
  await dead.kill();
  const racers = await Promise.allSettled(Array.from({ length: 30 }, () => listening(path)));
  const winners = racers.filter((racer) => racer.status === 'fulfilled');
  assert.equal(winners.length, 1);
  for (const racer of racers)
    if (racer.status === 'rejected') assert.equal(racer.reason.code, 'ERR_ADDRESS_IN_USE');
  const near = await dialUnix(path);
  near.destroy();
  await winners[0]?.value.listener.close();
  assert.deepEqual(readdirSync(sockets), []);
});

test('closing late does not take the name of a successor', async () => {
  const path = newPath();
  const { listener: old } = await listening(path);
  unlinkSync(path);
  const { listener: successor, next } = await listening(path);
  await old.close();
  const [near, far] = await Promise.all([dialUnix(path), next()]);
  const ear = createEar();
  near.start(ear);
  far.write(['successor']);
  await ear.until('the words', () => ear.size === 9);
  near.destroy();
  far.destroy();
  await successor.close();
});

test('a directory that is missing, or closed to us, is ERR_BAD_ADDRESS', async () => {
  await assert.rejects(listening(join(sockets, 'missing', 'x.sock')), {
    code: 'ERR_BAD_ADDRESS',
    message: /nothing at that path \(ENOENT\)/,
  });
  writeFileSync(join(sockets, 'file'), '');
  await assert.rejects(listening(join(sockets, 'file', 'x.sock')), {
    code: 'ERR_BAD_ADDRESS',
    message: /no directory/,
  });
  unlinkSync(join(sockets, 'file'));
});

test('a server that does not keep up with accepting is waited for', { timeout: 30_000 }, async () => {
  const path = newPath();
  const server = startProgram(program, [path, 'slow']);
  assert.equal(await server.line(), 'listening');
  // More than its queue holds, while its loop is blocked.
  const dialed = await Promise.all(Array.from({ length: 600 }, () => dialUnix(path, { timeoutMs: 20_000 })));
  for (const transport of dialed) transport.destroy();
  await server.kill();
});
