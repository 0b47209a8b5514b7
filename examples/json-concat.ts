/** A child that writes JSON values with nothing between them. */
import assert from 'node:assert/strict';
import { dial } from 'kindred';
import { spawn } from 'kindred/process';

// #region concat
const script = `for (const n of [1, 2]) process.stdout.write(JSON.stringify({ n }))`;
const child = spawn(process.execPath, ['-e', script], { channel: 'stdio' });
const channel = await dial(child, { dialect: 'json-concat' });
const messages: unknown[] = [];
for await (const message of channel) messages.push(message);
assert.deepEqual(messages, [{ n: 1 }, { n: 2 }]);
// #endregion
await channel.close();
await child.exited;
