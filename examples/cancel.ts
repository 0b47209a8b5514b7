/** Giving up on a call: by a signal, or after a time. */
import assert from 'node:assert/strict';
import { host, KindredError } from 'kindred';

const slow = await host<typeof import('./programs/slow.ts')>(new URL('./programs/slow.ts', import.meta.url));

// #region signal
const controller = new AbortController();
const call = slow.with({ signal: controller.signal }).call.sleep(60_000);
setTimeout(() => controller.abort(), 50);
await assert.rejects(call, { code: 'ERR_CANCELLED' });
// #endregion
while ((await slow.call.sleeping()) > 0);

// #region timeout
try {
  await slow.with({ timeoutMs: 50 }).call.sleep(60_000);
} catch (error) {
  assert.ok(error instanceof KindredError);
  assert.equal(error.code, 'ERR_TIMEOUT');
}
// #endregion

// #region busy
const { message } = await slow
  .with({ timeoutMs: 100 })
  .call.block(300)
  .then(
    () => assert.fail('it took longer than that'),
    (error: KindredError) => error,
  );
// #endregion
assert.match(message, /^block: no answer within 100 ms/);

// #region remaining
const left = await slow.with({ timeoutMs: 1000 }).call.remaining();
assert.ok(left !== undefined && left > 0 && left <= 1000);
assert.equal(await slow.call.remaining(), undefined);
// #endregion
await slow.close();
