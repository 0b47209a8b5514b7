// The shell lines of the guide do what it says.
import assert from 'node:assert/strict';
import { exec } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { serve } from 'kindred';
import { createPrivatePlace } from './private-place.ts';

const page = fileURLToPath(new URL('../../docs/guide/5-messages-and-strangers.md', import.meta.url));

it('a shell calls a service with printf and nc', async () => {
  const [, line = ''] = /^```sh\n(printf .*)\n```$/m.exec(readFileSync(page, 'utf8')) ?? [];
  const place = createPrivatePlace();
  const socket = join(place.runtime, 'app.sock');
  const server = await serve(`unix:${socket}`, { add: (a: number, b: number) => a + b });
  try {
    const { stdout } = await promisify(exec)(line.replace('/run/app.sock', socket), { timeout: 10_000 });
    assert.equal(stdout, '{"jsonrpc":"2.0","id":1,"result":3}\n');
  } finally {
    await server.close();
    place.remove();
  }
});
