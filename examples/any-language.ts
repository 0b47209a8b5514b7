/** A child that is no Node.js program: a POSIX shell that reads lines of JSON and writes lines of JSON. */
import assert from 'node:assert/strict';
import { connect } from 'kindred';
import { spawn } from 'kindred/process';

// #region script
const script = String.raw`
while IFS= read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
  name=$(printf '%s' "$line" | sed -n 's/.*"params":\["\([a-z]*\)"\].*/\1/p')
  printf '{"jsonrpc":"2.0","id":%s,"result":"Hello, %s."}\n' "$id" "$name"
done`;
// #endregion

// #region connect
const child = spawn('sh', ['-c', script], { channel: 'stdio' });
const shell = await connect<{ greet(name: string): string }>(child, { dialect: 'json-lines' });
assert.equal(await shell.call.greet('world'), 'Hello, world.');
await shell.close();
// #endregion
assert.deepEqual(await child.exited, { exitCode: 0, signal: null });
