import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createEar, testByteTransport } from '../../test/suites/byte-transport.ts';
import { startProgram } from '../../test/suites/program.ts';
import type { ByteTransport } from '../channel/transport.ts';
import type { Listener } from './listener.ts';
import { dialLocal, type ListenLocalOptions, listenLocal } from './local.ts';

const programs = {
  server: new URL('../../test/programs/local-server.ts', import.meta.url),
  unreferenced: new URL('../../test/programs/local-unreferenced.ts', import.meta.url),
};

let directory = '';
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'kindred-local-')), 'run');
  process.env.KINDRED_RUNTIME_DIR = directory;
});
afterEach(() => rmSync(join(directory, '..'), { recursive: true }));

/** The files of endpoints; the secret of the lock stays. */
const files = () => readdirSync(directory).filter((file) => file !== '.secret');

interface Serving {
  listener: Listener;
  next(): Promise<ByteTransport>;
  /** Looks now whether the socket is in place. */
  look(): void;
  watched: boolean;
}

async function serving(name: string, options: ListenLocalOptions = {}): Promise<Serving> {
  const waiting: ((transport: ByteTransport) => void)[] = [];
  const accepted: ByteTransport[] = [];
  const it = { look() {}, watched: false } as Serving;
  it.listener = await listenLocal(
    name,
    {
      watch(look) {
        it.look = look;
        it.watched = true;
        return () => {
          it.watched = false;
        };
      },
      ...options,
    },
    (transport) => {
      const waiter = waiting.shift();
      if (waiter === undefined) accepted.push(transport);
      else waiter(transport);
    },
  );
  it.next = () =>
    new Promise((resolve) => {
      const ready = accepted.shift();
      if (ready === undefined) waiting.push(resolve);
      else resolve(ready);
    });
  return it;
}

/** Connects, hears a word from the accepting side, and leaves. */
async function greet(server: Serving, name: string): Promise<void> {
  const [{ transport: near }, far] = await Promise.all([dialLocal(name), server.next()]);
  const ear = createEar();
  near.start(ear);
  far.write(['hello']);
  await ear.until('the greeting', () => ear.size === 5);
  near.destroy();
  far.destroy();
}

/** Asks again in every turn of the loop, until it is so. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

testByteTransport('local:', async () => {
  const server = await serving('suite');
  const [{ transport: near }, far] = await Promise.all([dialLocal('suite'), server.next()]);
  return { near, far, cleanUp: () => server.listener.close() };
});

test("the socket and its claim are the owner's alone, in a directory of his; close takes both away", async () => {
  const server = await serving('math', { dialects: ['binary', 'json-lines'], version: 'math 1.2' });
  assert.equal(server.listener.address, 'local:math');
  assert.equal(statSync(directory).mode & 0o7777, 0o700);
  assert.deepEqual(files(), ['math.json', 'math.sock']);
  for (const file of readdirSync(directory))
    assert.equal(lstatSync(join(directory, file)).mode & 0o777, 0o600, file);
  const claim = JSON.parse(readFileSync(join(directory, 'math.json'), 'utf8'));
  assert.equal(claim.name, 'math');
  assert.equal(claim.pid, process.pid);
  assert.deepEqual(claim.dialects, ['binary', 'json-lines']);
  assert.equal(claim.version, 'math 1.2');
  assert.equal(server.watched, true);
  await Promise.all([server.listener.close(), server.listener.close()]);
  assert.equal(await server.listener.closed, undefined);
  assert.equal(server.watched, false);
  assert.deepEqual(files(), []);
});

test('who dials learns what the server speaks and which process it is', async () => {
  const server = await serving('math', { dialects: ['binary'] });
  const { transport, dialects, pid } = await dialLocal('math');
  assert.deepEqual(dialects, ['binary']);
  assert.equal(pid, process.pid);
  transport.destroy();
  unlinkSync(join(directory, 'math.json'));
  const without = await dialLocal('math');
  assert.equal(without.dialects, undefined);
  without.transport.destroy();
  writeFileSync(join(directory, 'math.json'), '{"half":');
  const torn = await dialLocal('math');
  assert.equal(torn.dialects, undefined);
  torn.transport.destroy();
  await server.listener.close();
});

const names = [
  'a',
  '..',
  '.hidden',
  'a/b',
  '/',
  'Math',
  'math',
  'x'.repeat(40),
  'x'.repeat(41),
  'x'.repeat(5000),
  'caf\u00e9',
  'cafe\u0301',
  '\u65e5\u672c',
  '\ud83d\ude00',
  ' ',
  '\0',
  'a b',
  '-rf',
  '~',
  'math~0',
  'a.sock',
  'a.json',
];

test('names of any length and character are different endpoints', async () => {
  const servers = new Map<string, Serving>();
  for (const name of names) servers.set(name, await serving(name));
  assert.equal(files().length, 2 * names.length);
  for (const [name, server] of servers) {
    assert.equal(server.listener.address, `local:${name}`);
    await greet(server, name);
  }
  for (const server of servers.values()) await server.listener.close();
  assert.deepEqual(files(), []);
});

test('an empty name is ERR_BAD_ADDRESS', async () => {
  await assert.rejects(serving(''), { code: 'ERR_BAD_ADDRESS' });
  await assert.rejects(dialLocal(''), { code: 'ERR_BAD_ADDRESS' });
});

test('a runtime directory whose path is too long is ERR_BAD_ADDRESS, and one that just fits works', async () => {
  const parent = directory;
  process.env.KINDRED_RUNTIME_DIR = join(parent, 'd'.repeat(68 - parent.length - 1));
  const server = await serving('x'.repeat(41));
  await greet(server, 'x'.repeat(41));
  await server.listener.close();
  process.env.KINDRED_RUNTIME_DIR = join(parent, 'd'.repeat(68 - parent.length));
  await assert.rejects(serving('x'), {
    code: 'ERR_BAD_ADDRESS',
    message: /1 bytes too long.*KINDRED_RUNTIME_DIR/,
  });
});

test('nobody there is ERR_NOT_REACHABLE: no directory, no socket, or a dead one', async () => {
  const error = {
    code: 'ERR_NOT_REACHABLE',
    outcome: 'not-sent',
    retryable: true,
    message: /^local:math cannot be reached: .*start its server, as the same user$/,
  };
  await assert.rejects(dialLocal('math'), error);
  assert.equal(existsSync(directory), false, 'dialling makes no directory');
  mkdirSync(directory, { mode: 0o700 });
  await assert.rejects(dialLocal('math'), error);
});

test('a second server of a name is ERR_ADDRESS_IN_USE, naming the pid of the first', async () => {
  const server = await serving('math');
  await assert.rejects(serving('math'), {
    code: 'ERR_ADDRESS_IN_USE',
    message: new RegExp(`local:math is in use: this process \\(${process.pid}\\)`),
    data: { pid: process.pid },
  });
  (await server.next()).destroy();
  await greet(server, 'math');
  assert.deepEqual(files(), ['math.json', 'math.sock']);
  await server.listener.close();
});

test('of many servers in one process that race for a name exactly one wins', async () => {
  for (let round = 0; round < 5; round++) {
    const racers = await Promise.allSettled(Array.from({ length: 20 }, () => serving('race')));
    const winners = racers.filter((racer) => racer.status === 'fulfilled');
    assert.equal(winners.length, 1);
    for (const racer of racers)
      if (racer.status === 'rejected') assert.equal(racer.reason.code, 'ERR_ADDRESS_IN_USE');
    await winners[0]?.value.listener.close();
    assert.deepEqual(files(), []);
  }
});

test('a live server that is none of ours is never robbed', async () => {
  mkdirSync(directory, { mode: 0o700 });
  const stranger = createServer().listen(join(directory, 'math.sock'));
  await until(() => stranger.listening);
  await assert.rejects(serving('math'), { code: 'ERR_ADDRESS_IN_USE', message: /another process serves it/ });
  stranger.close();
});

test('what is no socket is never removed', async () => {
  mkdirSync(join(directory, 'math.sock'), { recursive: true, mode: 0o700 });
  await assert.rejects(serving('math'), {
    code: 'ERR_ADDRESS_IN_USE',
    message: /there is a directory at .*math\.sock/,
  });
  assert.deepEqual(files(), ['math.sock']);
});

const unsafe: [string, () => void, RegExp][] = [
  ['others can enter', () => mkdirSync(directory, { mode: 0o755 }), /mode 0755 .*chmod 700/],
  ['its group can enter', () => mkdirSync(directory, { mode: 0o710 }), /mode 0710/],
  [
    'is a symbolic link',
    () => {
      mkdirSync(`${directory}-real`, { mode: 0o700 });
      symlinkSync(`${directory}-real`, directory);
    },
    /is a symbolic link/,
  ],
  ['is a file', () => writeFileSync(directory, ''), /is no directory/],
];
for (const [fault, make, message] of unsafe)
  test(`a runtime directory that ${fault} is refused at start and at connect, naming its path`, async () => {
    make();
    if (lstatSync(directory).isDirectory()) chmodSync(directory, lstatSync(directory).mode);
    for (const refused of [serving('math'), dialLocal('math')]) {
      await assert.rejects(refused, { code: 'ERR_UNSAFE_DIRECTORY', message });
      await assert.rejects(refused, { message: new RegExp(directory) });
    }
  });

test('a directory that becomes unsafe while a server runs is refused at the next connect', async () => {
  const server = await serving('math');
  chmodSync(directory, 0o777);
  await assert.rejects(dialLocal('math'), { code: 'ERR_UNSAFE_DIRECTORY', message: /mode 0777/ });
  chmodSync(directory, 0o700);
  await greet(server, 'math');
  await server.listener.close();
});

test('a removed socket is noticed and restored; open connections stay', async () => {
  const server = await serving('math');
  const [{ transport: near }, far] = await Promise.all([dialLocal('math'), server.next()]);
  server.look();
  const socket = join(directory, 'math.sock');
  const before = lstatSync(socket).ino;
  server.look();
  assert.equal(lstatSync(socket).ino, before, 'nothing is done while it is in place');

  unlinkSync(socket);
  await assert.rejects(dialLocal('math'), { code: 'ERR_NOT_REACHABLE' });
  server.look();
  server.look();
  await until(() => existsSync(socket));
  await greet(server, 'math');

  const ear = createEar();
  near.start(ear);
  far.write(['still open']);
  await ear.until('the words', () => ear.size === 10);
  near.destroy();
  far.destroy();
  await server.listener.close();
  assert.deepEqual(files(), []);
});

test('a removed directory is made again, with all of its endpoints', async () => {
  const servers = [await serving('one'), await serving('two')];
  rmSync(directory, { recursive: true });
  for (const server of servers) server.look();
  await until(() => files().length === 4);
  for (const [index, server] of servers.entries()) await greet(server, index === 0 ? 'one' : 'two');
  for (const server of servers) await server.listener.close();
  assert.deepEqual(files(), []);
});

test('a socket that was replaced by another live server is lost: closed tells it', async () => {
  const old = await serving('math');
  unlinkSync(join(directory, 'math.sock'));
  const successor = await serving('math');
  old.look();
  const error = await old.listener.closed;
  assert.equal(error?.code, 'ERR_ADDRESS_IN_USE');
  assert.match(error?.message ?? '', /local:math was lost: its socket was removed, and local:math is in use/);
  assert.equal(old.watched, false);
  await old.listener.close();
  (await successor.next()).destroy();
  await greet(successor, 'math');
  await successor.listener.close();
});

test('a server whose socket was touched keeps its name, and takes it away when it closes', async () => {
  const server = await serving('math');
  utimesSync(join(directory, 'math.sock'), 1, 1);
  server.look();
  await greet(server, 'math');
  await server.listener.close();
  assert.equal(await server.listener.closed, undefined);
  assert.deepEqual(files(), []);
});

test('a server whose claim was removed writes it again', async () => {
  const server = await serving('math', { dialects: ['binary'] });
  unlinkSync(join(directory, 'math.json'));
  server.look();
  // It waits for what it has begun.
  await until(() => existsSync(join(directory, 'math.json')));
  const { transport, dialects, pid } = await dialLocal('math');
  assert.deepEqual([dialects, pid], [['binary'], process.pid]);
  transport.destroy();
  await server.listener.close();
  assert.deepEqual(files(), []);
});

test('an old server that closes late leaves its successor alone', async () => {
  const old = await serving('math');
  unlinkSync(join(directory, 'math.sock'));
  const successor = await serving('math', { dialects: ['of the successor'] });
  await old.listener.close();
  assert.deepEqual(files(), ['math.json', 'math.sock']);
  const { transport, dialects } = await dialLocal('math');
  assert.deepEqual(dialects, ['of the successor']);
  transport.destroy();
  (await successor.next()).destroy();
  await greet(successor, 'math');
  await successor.listener.close();
});

test('a directory that cannot be used for a while does not end a server', async () => {
  const server = await serving('math');
  rmSync(directory, { recursive: true });
  writeFileSync(directory, 'in the way');
  server.look();
  await new Promise((resolve) => setImmediate(resolve));
  unlinkSync(directory);
  await until(() => {
    server.look();
    return existsSync(join(directory, 'math.sock'));
  });
  await greet(server, 'math');
  await server.listener.close();
});

test('close while the socket is being restored leaves nothing behind', async () => {
  const server = await serving('math');
  unlinkSync(join(directory, 'math.sock'));
  server.look();
  await server.listener.close();
  assert.deepEqual(files(), []);
  await assert.rejects(dialLocal('math'), { code: 'ERR_NOT_REACHABLE' });
});

test('an unreferenced server stays so when its socket is restored, and does not keep the process alive', async () => {
  const server = startProgram(programs.unreferenced, ['math', join(directory, 'math.sock')]);
  assert.equal(await server.line(), 'restored');
  assert.equal(await server.exited, 0);
});
