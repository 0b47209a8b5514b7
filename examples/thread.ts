/** A thread with a program of its own, and memory that moves to it instead of being copied. */
import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import { connect } from 'kindred';
import type { Pixels } from './programs/pixels.ts';

// #region connect
const worker = new Worker(new URL('./programs/pixels.ts', import.meta.url));
const peer = await connect<Pixels>(worker);
// #endregion

// #region transfer
const image = new Uint8Array([0, 1, 254]).buffer;
const inverted = await peer.with({ transfer: [image] }).call.invert(image);
// #endregion
assert.deepEqual([...new Uint8Array(inverted)], [255, 254, 1]);
assert.equal(image.byteLength, 0, 'the memory is in the thread now');

// The thread ends when the peer is closed: nothing else keeps it.
const ended = new Promise((resolve) => worker.once('exit', resolve));
await peer.close();
assert.equal(await ended, 0);
