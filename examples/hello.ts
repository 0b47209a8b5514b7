/** Starts the two programs of the README, as one would in two terminals, and looks at what they print. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Names are looked up in one folder per user. With one of their own the two find each other and nobody else.
const folder = mkdtempSync(join(tmpdir(), 'kindred-hello-'));
const env = { ...process.env, KINDRED_RUNTIME_DIR: join(folder, 'run') };

const start = (file: string) =>
  spawn(process.execPath, [...process.execArgv, fileURLToPath(new URL(file, import.meta.url))], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });

const server = start('./hello/serve.ts');
const caller = start('./hello/call.ts');
const printed = (await caller.stdout.setEncoding('utf8').toArray()).join('');
server.kill('SIGINT');
const [code] = await once(server, 'exit');

assert.equal(printed, '15\n3\n2\n1\n');
assert.equal(code, 0);
rmSync(folder, { recursive: true });
