import assert from 'node:assert/strict';
import { type EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex, PassThrough } from 'node:stream';
import { after, test } from 'node:test';
import { type BytePair, createEar, testByteTransport } from '../../test/suites/byte-transport.ts';
import type { Clock } from '../base/clock.ts';
import { connectSocket } from './direct-reads.ts';
import { createStreamTransport } from './stream.ts';

const folder = mkdtempSync(join(tmpdir(), 'kindred-stream-'));
after(() => rmSync(folder, { recursive: true }));
let sockets = 0;

async function socketPair(
  open: typeof connectSocket = connect,
): Promise<{ near: Socket; far: Socket; cleanUp: () => void }> {
  const path = join(folder, `${sockets++}`);
  const server = createServer({ allowHalfOpen: true }).listen(path);
  await once(server, 'listening');
  const near = open({ path, allowHalfOpen: true });
  const [[far]] = await Promise.all([once(server, 'connection'), once(near, 'connect')]);
  server.close();
  return { near, far, cleanUp: () => void [near.destroy(), (far as Socket).destroy()] };
}

testByteTransport('a socket', async (): Promise<BytePair> => {
  const { near, far } = await socketPair();
  return { near: createStreamTransport('near end', near), far: createStreamTransport('far end', far) };
});

testByteTransport('a socket that is read into one buffer', async (): Promise<BytePair> => {
  const { near, far } = await socketPair(connectSocket);
  return { near: createStreamTransport('near end', near), far: createStreamTransport('far end', far) };
});

testByteTransport('the other end of such a socket', async (): Promise<BytePair> => {
  const { near, far } = await socketPair(connectSocket);
  return { near: createStreamTransport('near end', far), far: createStreamTransport('far end', near) };
});

testByteTransport('a pair of streams', async (): Promise<BytePair> => {
  const there = await socketPair();
  const back = await socketPair();
  // One socket for each direction, like the stdin and stdout of a child.
  there.far.end();
  back.near.end();
  return {
    near: createStreamTransport('near end', back.near, there.near),
    far: createStreamTransport('far end', there.far, back.far),
    cleanUp: () => void [there.cleanUp(), back.cleanUp()],
  };
});

testByteTransport(
  'streams that are no sockets',
  async (): Promise<BytePair> => {
    const [there, back] = [new PassThrough(), new PassThrough()];
    const near = Duplex.from({ readable: back, writable: there });
    return {
      near: createStreamTransport('near end', near),
      far: createStreamTransport('far end', there, back),
    };
  },
  // Their ends share memory: what one destroys is gone for the other.
  { lastWords: false },
);

/** `once` would reject at the `error` that comes before. */
const closeOf = (stream: EventEmitter): Promise<void> =>
  new Promise((resolve) => void stream.once('close', resolve));

/** A Duplex that tells how it was written to: the number of chunks of each `_write` or `_writev`. */
function createLedger(): Duplex & { writes: number[] } {
  const writes: number[] = [];
  const duplex = new Duplex({
    decodeStrings: false,
    read() {},
    write(_chunk, _encoding, callback) {
      writes.push(1);
      callback();
    },
    writev(chunks, callback) {
      writes.push(chunks.length);
      callback();
    },
  });
  return Object.assign(duplex, { writes });
}

test('hands many chunks over in one go: small strings joined, the rest as a vector', () => {
  const ledger = createLedger();
  const transport = createStreamTransport('ledger', ledger);
  transport.write(['a']);
  transport.write(['a', 'b', 'c']);
  transport.write(['a', Buffer.from('b'), 'c']);
  transport.write(['a'.repeat(50_000), 'b'.repeat(50_000)]);
  assert.deepEqual(ledger.writes, [1, 1, 3, 2]);
});

test('an error before start is no unhandled error event, and start tells it', async () => {
  const { near, far, cleanUp } = await socketPair();
  const transport = createStreamTransport('near end', near);
  far.write('words');
  await once(near, 'readable');
  near.destroy(new Error('torn'));
  await closeOf(near);
  const ear = createEar();
  transport.start(ear);
  await ear.until('the close', () => ear.heard.includes('close'));
  assert.deepEqual(ear.heard, ['data', 'close']);
  assert.equal(String(ear.bytes), 'words');
  assert.match(ear.error?.message ?? '', /near end: torn/);
  near.emit('error', new Error('late'));
  cleanUp();
});

test('a reset by the other end is one close with an error that names it', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect(server.address() as { port: number });
  const [far] = (await once(server, 'connection')) as [Socket];
  const transport = createStreamTransport('tcp://somewhere', near);
  const ear = createEar();
  transport.start(ear);
  far.resetAndDestroy();
  await ear.until('the close', () => ear.heard.includes('close'));
  assert.deepEqual(ear.heard, ['close']);
  assert.equal((ear.error as { code?: string }).code, 'ERR_PEER_GONE');
  assert.match(
    ear.error?.message ?? '',
    /tcp:\/\/somewhere: the connection was reset by the other end \(ECONNRESET\)/,
  );
  server.close();
});

test('writing after end is one close with an error', async () => {
  const { near, cleanUp } = await socketPair();
  const transport = createStreamTransport('near end', near);
  const ear = createEar();
  transport.start(ear);
  transport.end();
  transport.write(['too late']);
  await ear.until('the close', () => ear.heard.includes('close'));
  assert.deepEqual(ear.heard, ['close']);
  assert.equal((ear.error as { code?: string }).code, 'ERR_CLOSED');
  cleanUp();
});

test('of a pair, the end that takes nothing any more is still heard, but not for ever', async () => {
  const timers: { ms: number; run: () => void }[] = [];
  const clock: Clock = {
    now: () => 0,
    after(ms, run) {
      timers.push({ ms, run });
      return { cancel() {}, unref() {} };
    },
  };
  const readable = new PassThrough();
  const writable = new PassThrough();
  const transport = createStreamTransport('a child', readable, writable, clock);
  const ear = createEar();
  transport.start(ear);
  writable.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  await closeOf(writable);
  readable.write('last answer');
  await ear.until('the last answer', () => ear.size === 11);
  assert.deepEqual(
    timers.map((timer) => timer.ms),
    [1000],
  );
  timers[0]?.run();
  await ear.until('the close', () => ear.heard.includes('close'));
  assert.deepEqual(ear.heard, ['data', 'close']);
  assert.match(ear.error?.message ?? '', /reads no more \(EPIPE\)/);
});
