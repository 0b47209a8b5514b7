/** A stack that stays up: two services, a crash, a reload under which no request fails, and its end. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkStack, supervise } from 'kindred/supervisor';
import { wellKept } from './stack/well-kept.ts';

const config = fileURLToPath(new URL('./stack/kindred.config.ts', import.meta.url));
assert.equal(checkStack(wellKept, { file: config }).services['api']?.memory?.maxBytes, 512_000_000);

const logDirectory = join(tmpdir(), 'shop-logs');

// #region up
const stack = await supervise(config, { logDirectory });
await stack.ready;

const { listeners, instances } = await stack.status();
console.log(instances.map(({ service, instance, state }) => `${service}.${instance} ${state}`));
// [ 'prices.1 ready', 'web.1 ready', 'web.2 ready' ]
// #endregion
assert.equal(instances.filter(({ state }) => state === 'ready').length, 3);

const shop = listeners.find(({ name }) => name === 'web')?.bound.replace('tcp:', 'http:') ?? '';
assert.equal(await (await fetch(`${shop}/melon`)).text(), 'Welcome! A melon is 3.');

// #region crash
await fetch(`${shop}/crash`).catch(() => {}); // whoever it hits is gone
for await (const { service, state, text } of stack.events({ follow: true })) {
  console.log(text);
  if (service === 'web' && state === 'backoff') break;
}
await (await fetch(`${shop}/melon`)).text(); // the other one answers meanwhile
// #endregion

// #region reload
const asked = new AbortController();
let answers = 0;
const customer = (async () => {
  for (; !asked.signal.aborted; answers++) await (await fetch(`${shop}/apple`)).text();
})();
for await (const { text } of stack.reload(['web'])) console.log(text);
asked.abort();
await customer; // not one request has failed
// #endregion
assert.ok(answers > 0);

// #region why
for (const { text } of await stack.why('web')) console.log(text);
// #endregion

// #region down
await stack.close();
// #endregion
await assert.rejects(fetch(shop));
rmSync(logDirectory, { recursive: true, force: true });
