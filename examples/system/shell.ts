/** A shell script calls a service, with nc, socat and jq: `examples/shell/ask.sh`. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serve } from 'kindred';
import { execFile } from 'kindred/process';
import * as math from '../hello/math.ts';

const folder = mkdtempSync(join(tmpdir(), 'kindred-shell-'));
const socket = join(folder, 'app.sock');
const server = await serve(`unix:${socket}`, math);
const script = fileURLToPath(new URL('../shell/ask.sh', import.meta.url));
const { stdout } = await execFile('sh', [script, socket]);
assert.equal(stdout, '3\n3\n2\n1\n');
await server.close();
rmSync(folder, { recursive: true });
