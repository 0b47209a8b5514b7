/** Tests of a service without processes and sockets, and of time without waiting. */
import assert from 'node:assert/strict';
import { createPair, createTestClock } from 'kindred/testkit';

// #region pair
const { client } = createPair({ greet: (name: string) => `Hello, ${name}.` }, { over: 'binary', cutAt: 1 });
assert.equal(await client.call.greet('test'), 'Hello, test.');
await client.close();
// #endregion

// #region clock
const clock = createTestClock();
const pair = createPair({ never: () => new Promise<void>(() => {}) }, { client: { clock } });
const call = assert.rejects(pair.client.with({ timeoutMs: 60_000 }).call.never(), { code: 'ERR_TIMEOUT' });
await clock.advance(60_000);
await call;
// #endregion
await pair.client.close();
