/** A call always settles, and its error says what became of it. */
import assert from 'node:assert/strict';
import { connect, host, KindredError } from 'kindred';

const bank = await host<typeof import('./programs/bank.ts')>(new URL('./programs/bank.ts', import.meta.url));

// #region executed
try {
  await bank.call.withdraw(500);
} catch (error) {
  assert.ok(error instanceof KindredError);
  assert.equal(error.code, 'ERR_REMOTE');
  assert.equal(error.outcome, 'executed');
  assert.equal(error.message, 'only 100 are left');
  assert.ok(error.cause instanceof RangeError);
  assert.deepEqual(error.data, { left: 100 });
}
// #endregion

// #region not-found
await assert.rejects((bank as unknown as { call: { withdrw(sum: number): Promise<void> } }).call.withdrw(5), {
  code: 'ERR_METHOD_NOT_FOUND',
  message: /it offers freeze, withdraw/,
});
// #endregion

// #region unknown
const begun = Promise.withResolvers<void>();
const frozen = bank.call.freeze(() => begun.resolve());
await begun.promise;
process.kill(bank.pid as number, 'SIGKILL');
await assert.rejects(frozen, { code: 'ERR_PEER_GONE', outcome: 'unknown' });
// #endregion

// #region not-sent
await assert.rejects(bank.call.withdraw(5), { code: 'ERR_PEER_GONE', outcome: 'not-sent' });
// #endregion
// #region not-reachable
await assert.rejects(connect('local:nobody-is-here'), {
  code: 'ERR_NOT_REACHABLE',
  outcome: 'not-sent',
  retryable: true,
});
// #endregion

// #region retry
/** Makes a call again as long as nothing of it has left this process. */
async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      const safe = error instanceof KindredError && error.outcome === 'not-sent' && error.retryable;
      if (!safe || tries === 3) throw error;
    }
  }
}
// #endregion

// The child is gone; a new one takes its place.
const next = await host<typeof import('./programs/bank.ts')>(new URL('./programs/bank.ts', import.meta.url));
const banks = [bank, next];
assert.equal(await patiently(async () => (banks.shift() ?? next).call.withdraw(5)), 95);
await next.close();
