import assert from 'node:assert/strict';
import { spawn as nodeSpawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { spawn } from '../process/spawn.ts';
import { connect } from './connect.ts';

it('says of a child that never started that it could not be started', async () => {
  const said = { code: 'ERR_START_FAILED', message: /no-such-program.* could not be started/ };
  await assert.rejects(connect(spawn('no-such-program', [], { channel: 'stdio' })), {
    ...said,
    code: 'ERR_COMMAND_NOT_FOUND',
  });
  const child = nodeSpawn('no-such-program');
  child.on('error', () => {});
  await assert.rejects(connect(child), said);
});

it('gives up at its signal wherever nobody is there yet, and tries nothing where that fired before', async () => {
  process.env['KINDRED_RUNTIME_DIR'] = join(tmpdir(), `kindred-there-is-no-such-directory-${process.pid}`);
  const cancelled = { code: 'ERR_CANCELLED', outcome: 'not-sent' };
  for (const address of ['memory:nobody', 'local:nobody', 'unix:/nobody.sock', 'tcp://127.0.0.1:1']) {
    const controller = new AbortController();
    const connecting = connect(address, { waitMs: 60_000, signal: controller.signal });
    setImmediate(() => controller.abort());
    await assert.rejects(connecting, cancelled, address);
    for (const waitMs of [0, 60_000])
      await assert.rejects(connect(address, { waitMs, signal: AbortSignal.abort() }), cancelled, address);
  }
});
