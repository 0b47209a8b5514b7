/** Middleware on both sides of a call, and functions that check what they get. */
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  accessRule,
  callEvents,
  checked,
  concurrencyLimit,
  connect,
  KindredError,
  type Middleware,
  rateLimit,
  retry,
  serve,
  timeout,
} from 'kindred';
import { z } from 'zod';

// #region checked
const order = z.object({ item: z.string(), count: z.number().int().positive() });

const shop = {
  // The types of `wanted` and of the result come from the schemas.
  buy: checked({ params: [order], result: z.string() }, (wanted) => `${wanted.count} x ${wanted.item}`),
  price: (item: string) => item.length,
  close: () => 'closed',
};
// #endregion

// #region serve
const server = await serve('memory:shop', shop, {
  middleware: [
    callEvents(),
    rateLimit({ max: 1000 }),
    accessRule(({ method }) => method !== 'close' || 'only the owner closes the shop'),
    concurrencyLimit({ max: 64 }),
    timeout(10_000),
  ],
});
// #endregion

// #region connect
const peer = await connect<typeof shop>('memory:shop', {
  middleware: [retry({ idempotent: ['price'] }), timeout(2000)],
});
assert.equal(await peer.call.buy({ item: 'pen', count: 2 }), '2 x pen');
// #endregion

// #region refused
try {
  await peer.call.buy({ item: 'pen', count: 0 });
} catch (error) {
  assert.ok(error instanceof KindredError);
  assert.equal(error.code, 'ERR_INVALID_PARAMS');
  const { issues } = error.data as { issues: { message: string; path: (string | number)[] }[] };
  assert.deepEqual(issues[0]?.path, [0, 'count']);
}
// #endregion

// #region own
const traced: Middleware = (next) => async (call) => {
  console.log(`${call.method} is called`);
  return await next({ ...call, meta: { ...call.meta, traceparent: '00-4bf9-00f0-01' } });
};
assert.equal(await peer.with({ middleware: [traced] }).call.price('pen'), 3);
// #endregion

await assert.rejects(peer.call.close(), {
  code: 'ERR_FORBIDDEN',
  message: 'close: only the owner closes the shop',
});

// #region events
const onSettled = (event: unknown): void => {
  const { direction, method, durationMs, error } = event as Record<string, unknown>;
  console.log(direction, method, typeof durationMs, error instanceof Error ? error.message : 'ok');
};
subscribe('kindred:call.settled', onSettled);
await peer.call.price('pen');
// #endregion
unsubscribe('kindred:call.settled', onSettled);
await peer.close();
await server.close();
