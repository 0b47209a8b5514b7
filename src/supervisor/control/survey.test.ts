import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { serve } from '../../endpoint/serve.ts';
import { runningStacks, surveyLocal } from './survey.ts';

const folder = mkdtempSync(join(tmpdir(), 'kindred-survey-'));
const directory = join(folder, 'run');
const before_ = process.env['KINDRED_RUNTIME_DIR'];

before(() => {
  process.env['KINDRED_RUNTIME_DIR'] = directory;
});
after(() => {
  if (before_ === undefined) delete process.env['KINDRED_RUNTIME_DIR'];
  else process.env['KINDRED_RUNTIME_DIR'] = before_;
  rmSync(folder, { recursive: true, force: true });
});

it('finds nothing where there is no runtime directory yet', async () => {
  assert.deepEqual(await surveyLocal(), { directory, endpoints: [] });
});

it('tells endpoints that answer from sockets that a dead server has left, by their names', async () => {
  const stack = await serve('local:kindred-Shop', { ping: () => 'pong' });
  const other = await serve('local:other', { ping: () => 'pong' });
  // A socket whose server is closed without unlinking it, as after kill -9.
  const dead = createServer();
  await new Promise<void>((resolve) => dead.listen(join(directory, '.dead'), resolve));
  const { linkSync } = await import('node:fs');
  linkSync(join(directory, '.dead'), join(directory, 'kindred-dead.sock'));
  await new Promise((resolve) => dead.close(resolve));

  const { endpoints } = await surveyLocal();
  const told = endpoints.map(({ name, alive }) => `${name} ${alive}`).sort();
  assert.deepEqual(told, ['kindred-Shop true', 'kindred-dead false', 'other true']);
  assert.deepEqual(await runningStacks(), ['Shop']);
  await stack.close();
  await other.close();
});

it('says why a directory that others can enter is not used', async () => {
  const open = join(folder, 'open');
  mkdirSync(open, { mode: 0o755 });
  process.env['KINDRED_RUNTIME_DIR'] = open;
  const { fault, endpoints } = await surveyLocal();
  assert.match(fault ?? '', /others can get in: .*chmod 700/);
  assert.deepEqual(endpoints, []);
  process.env['KINDRED_RUNTIME_DIR'] = directory;
});
