/** A transport of one's own: it passes the suite, and then carries calls like any other. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, serve } from 'kindred';
import { byteTransportSuite, createFaultyPair } from 'kindred/testkit';
import * as math from './hello/math.ts';
import { FramedSocket, framedListener } from './transport/framed-socket.ts';

const folder = mkdtempSync(join(tmpdir(), 'kindred-example-'));
const path = join(folder, 'framed.sock');
const listening = createServer().listen(path);
await once(listening, 'listening');

// #region suite
async function open() {
  const near = createConnection(path);
  const [[far]] = (await Promise.all([once(listening, 'connection'), once(near, 'connect')])) as [
    [Socket],
    unknown,
  ];
  return { near: new FramedSocket('near', near), far: new FramedSocket('far', far) };
}

for (const { name, run } of byteTransportSuite(open, { lastWords: false })) {
  await run();
  console.log(`ok: ${name}`);
}
// #endregion

// #region calls
const server = await serve(framedListener('framed:math', listening), math);
const peer = await connect<typeof math>(new FramedSocket('framed:math', createConnection(path)));
assert.equal(await peer.call.add(1, 2, 3), 6);
// #endregion
assert.equal(server.address, 'framed:math');
await peer.close();
await server.close();

// #region faults
const line = createFaultyPair({ seed: 7, delayMs: [0, 5], chunkBytes: [1, 100] });
const slow = await serve(line.far, math);
const caller = await connect<typeof math>(line.near);
assert.equal(await caller.call.add(1, 2, 3), 6);
line.cut();
await assert.rejects(caller.call.add(1, 2, 3), { code: 'ERR_PEER_GONE' });
await slow.closed;
// #endregion
rmSync(folder, { recursive: true });
