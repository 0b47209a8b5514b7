/** A server on a low port, opened as root, that serves as nobody: what root alone may read it cannot read any more. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'kindred/process';

const folder = mkdtempSync(join(tmpdir(), 'kindred-example-'));
const secret = join(folder, 'secret');
chmodSync(folder, 0o755);
writeFileSync(secret, 'for root alone', { mode: 0o600 });

// In a network of its own, so that port 80 is free.
const inNetwork = ['--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
const program = [process.execPath, ...process.execArgv, 'examples/programs/low-port.ts', secret];
const outcome = await spawn('unshare', [...inNetwork, ...program]).outcome();
assert.equal(outcome.orThrow().stdout, 'served as user 65534; secret: EACCES\n');
rmSync(folder, { recursive: true });
