import assert from 'node:assert/strict';
import { spawn as nodeSpawn } from 'node:child_process';
import { it } from 'node:test';
import { spawn } from '../process/child.ts';
import { connect } from './connect.ts';

it('says of a child that never started that it could not be started', async () => {
  const said = { code: 'ERR_START_FAILED', message: /no-such-program.* could not be started/ };
  await assert.rejects(connect(spawn('no-such-program')), said);
  const child = nodeSpawn('no-such-program');
  child.on('error', () => {});
  await assert.rejects(connect(child), said);
});
