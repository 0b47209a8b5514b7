/** A stack that stays up: two services, a crash, a reload under which no request fails, and its end. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { supervise } from 'kindred/supervisor';

// #region up
const config = fileURLToPath(new URL('./stack/kindred.config.ts', import.meta.url));
const stack = await supervise(config, { logDirectory: process.env['TMPDIR'] });
await stack.ready;
const { listeners, instances } = await stack.status();
console.log(instances.map(({ service, instance, state }) => `${service}.${instance} ${state}`));
// [ 'prices.1 ready', 'web.1 ready', 'web.2 ready' ]
// #endregion
console.log(listeners, instances);
await stack.close();
