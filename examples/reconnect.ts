/** A peer that outlives its server. */
import assert from 'node:assert/strict';
import { subscribe } from 'node:diagnostics_channel';
import { connect, type KindredError, serve } from 'kindred';

const paid: string[] = [];
const { promise: never } = Promise.withResolvers<string>();
const shop = {
  price: (item: string) => item.length,
  pay: (order: string) => {
    paid.push(order);
    return order === 'the slow one' ? never : `${order} is paid`;
  },
};

const address = `local:shop-${process.pid}`;
let server = await serve(address, shop);

// #region connect
await using peer = await connect<typeof shop>(address, {
  reconnect: { idempotent: ['price'] },
});
assert.equal(await peer.call.price('pen'), 3);
// #endregion

// #region lost
// It may have run, so what now is yours to say: nobody pays twice by himself.
const paying = assert.rejects(peer.call.pay('the slow one'), { code: 'ERR_PEER_GONE', outcome: 'unknown' });
await peer.call.price('pen');
await server.close();
await paying;
// #endregion

// #region waits
assert.equal(peer.state, 'reconnecting');
const waiting = peer.call.pay('a pen');
server = await serve(address, shop);
assert.equal(await waiting, 'a pen is paid');
assert.deepEqual(paid, ['the slow one', 'a pen']);
// #endregion

// #region events
subscribe('kindred:peer.lost', (event) => {
  const { error } = event as { error: KindredError };
  console.log(`lost: ${error.message}`);
});
subscribe('kindred:peer.reconnected', (event) => {
  const { outageMs, attempts } = event as { outageMs: number; attempts: number };
  console.log(`back after ${outageMs} ms and ${attempts} tries`);
});
// #endregion

// #region bounds
await server.close();
await assert.rejects(peer.with({ timeoutMs: 50 }).call.price('pen'), {
  code: 'ERR_TIMEOUT',
  outcome: 'not-sent',
});
// #endregion

// #region one-shot
server = await serve(address, shop);
const brief = await connect<typeof shop>(address, { reconnect: false });
const last = brief.call.pay('the slow one');
await Promise.all([assert.rejects(last, { code: 'ERR_PEER_GONE' }), server.close()]);
assert.equal((await brief.closed).kind, 'ended');
// #endregion
