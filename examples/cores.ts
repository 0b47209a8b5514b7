/** One server on every core: each process answers at the same port, can be called, and is started again when it dies. */
import assert from 'node:assert/strict';
import { cores } from 'kindred';

// #region cores
const web = await cores<typeof import('./programs/web.ts')>(new URL('./programs/web.ts', import.meta.url), {
  count: 2,
});
const [address = ''] = web.addresses; // tcp://127.0.0.1:PORT
const answers = await Promise.all(
  Array.from({ length: 10 }, async () => (await fetch(address.replace('tcp:', 'http:'))).text()),
);
for (const core of web.peers) console.log(await core.call.load());
await web.close();
// #endregion
assert.deepEqual(
  answers,
  answers.map(() => 'Hello.\n'),
);
