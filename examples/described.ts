/** A service that says what it offers, and a client that finds out when this has changed. */
import assert from 'node:assert/strict';
import { subscribe } from 'node:diagnostics_channel';
import { type ContractDifference, checked, connect, contractOf, type OpenRpc, serve } from 'kindred';
import { z } from 'zod';

// #region service
const item = z.object({ name: z.string(), price: z.number().optional() });

const shop = {
  /** What so many of an item cost. */
  price: checked({ params: [item, z.number()], result: z.number() }, (what, count) => {
    return (what.price ?? 1) * count;
  }),
  /** Counts down to the sale. */
  async *countdown(from: number) {
    while (from > 0) yield from--;
  },
};

const server = await serve('memory:shop', shop, { source: import.meta.url });
// #endregion

// #region discover
const peer = await connect<typeof shop & { 'rpc.discover': () => OpenRpc }>('memory:shop');
const document = await peer.call['rpc.discover']();
const [price, countdown] = document.methods;
assert.equal(price?.summary, 'What so many of an item cost.');
assert.deepEqual(price?.params[0], {
  name: 'what',
  required: true,
  schema: {
    type: 'object',
    properties: { name: { type: 'string' }, price: { type: 'number' } },
    required: ['name'],
  },
});
assert.deepEqual(price?.result.schema, { type: 'number' });
assert.equal(countdown?.['x-stream'], true);
// #endregion
await peer.close();
await server.close();

// A new version: a function is gone, one takes something else, one is new.
const { price: oldPrice } = shop;
const changed = {
  price: checked({ params: [item], result: z.number() }, (what) => oldPrice(what, 1)),
  sell: (name: string) => `${name} is sold`,
};
const next = await serve('memory:shop', changed);

// #region warned
const contract = contractOf(document);
const differs = new Promise<ContractDifference>((resolve) => {
  subscribe('kindred:contract.differs', (event) => {
    resolve((event as { difference: ContractDifference }).difference);
  });
});
const built = await connect<typeof shop>('memory:shop', { contract });
assert.deepEqual(await differs, { missing: ['countdown'], changed: ['price'], added: ['sell'] });
// #endregion
await built.close();

// #region refused
await assert.rejects(connect('memory:shop', { contract, onDifferentContract: 'error' }), {
  code: 'ERR_CONTRACT',
  data: { missing: ['countdown'], changed: ['price'], added: ['sell'] },
});
// #endregion
await next.close();
