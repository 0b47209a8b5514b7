/** A function as an argument: the other side calls it while its own call runs. */
import assert from 'node:assert/strict';
import { host } from 'kindred';

const pages = await host<typeof import('./programs/pages.ts')>(
  new URL('./programs/pages.ts', import.meta.url),
);

// #region call
const heard: number[] = [];
const text = await pages.call.render(['one', 'two'], (percent) => heard.push(percent));
assert.equal(text, 'ONE\nTWO');
assert.deepEqual(heard, [50, 100]);
// #endregion

// #region later
await pages.call.keep(() => 'still here');
await assert.rejects(pages.call.useKept(), {
  name: 'KindredError',
  code: 'ERR_REMOTE',
  message: /after the call that lent it had ended/,
});
// #endregion
await pages.close();
