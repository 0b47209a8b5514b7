/** A program that puts its things away before it ends, and keeps its exit code. */
import assert from 'node:assert/strict';
import { spawn } from 'kindred/process';

const shop = spawn(process.execPath, [...process.execArgv, 'examples/programs/shop.ts']);
const lines = shop.lines();
assert.equal((await lines.next()).value, 'open');
shop.kill('SIGTERM');
const rest: string[] = [];
for await (const line of lines) rest.push(line);
assert.deepEqual(rest, ['till counted', 'door locked']);
assert.deepEqual(await shop.exited, { exitCode: 0, signal: null });
