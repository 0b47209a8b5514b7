/** A parent and a child that greet each other: over stdin and stdout, over Node's own IPC, over an extra descriptor. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fork, spawn } from 'kindred/process';

// #region stdio
const echo = `process.stdin.on('data', (name) => process.stdout.write('Hello, ' + name))`;
const overStdio = spawn(process.execPath, ['-e', echo]);
const [greeting] = await Promise.all([overStdio.lines().next(), overStdio.stdin.end('parent\n')]);
assert.equal(greeting.value, 'Hello, parent');
// #endregion
assert.equal((await overStdio.exited).exitCode, 0);

// #region ipc
const overIpc = fork(new URL('./programs/plain-greeter.js', import.meta.url));
overIpc.send({ name: 'parent' });
const [answer] = await once(overIpc, 'message');
assert.deepEqual(answer, { greeting: 'Hello, parent' });
overIpc.disconnect();
// #endregion
assert.equal((await overIpc.exited).exitCode, 0);

// #region descriptor
const line = `
const wire = new (require('node:net').Socket)({ fd: 3 });
wire.on('data', (name) => wire.end('Hello, ' + name));`;
const overDescriptor = spawn(process.execPath, ['-e', line], {
  stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
});
const wire = overDescriptor.stdio[3];
wire.write('parent\n');
for await (const said of createInterface({ input: wire })) assert.equal(said, 'Hello, parent');
// #endregion
assert.equal((await overDescriptor.exited).exitCode, 0);
