/** A server that stops without failing anybody: it finishes what runs, and takes no more. */
import assert from 'node:assert/strict';
import { connect, serve } from 'kindred';

const server = await serve('memory:slow', {
  work: (ms: number) => new Promise<string>((resolve) => setTimeout(resolve, ms, 'done')),
});
const peer = await connect<{ work(ms: number): Promise<string> }>('memory:slow');
const running = peer.call.work(50);
await peer.call.work(0);
// #region drain
const drained = server.drain({ timeoutMs: 10_000 });
assert.equal(await running, 'done');
await drained;
await assert.rejects(peer.call.work(50), { code: 'ERR_PEER_GONE', outcome: 'not-sent' });
// #endregion
