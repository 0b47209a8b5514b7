/** A producer that could fill the memory, and a consumer that stands still: the producer waits. */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, serve } from 'kindred';

// #region stream
let produced = 0;
const chunk = new Uint8Array(64 * 1024);
const server = await serve('tcp://127.0.0.1:0', {
  async *read() {
    for (; ; produced++) yield chunk;
  },
});
const peer = await connect<{ read(): AsyncIterable<Uint8Array> }>(server.address);

let taken = 0;
for await (const bytes of peer.call.read()) {
  taken += bytes.length / chunk.length;
  if (taken === 1) {
    await pause(100);
    assert.ok(produced < 10, `${produced} chunks were produced for a consumer that took one`);
  }
  if (taken === 1000) break;
}
// #endregion
await peer.close();
await server.close();
