// Handing sockets over, with what only a whole system has: addresses of one's own, other languages.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { listenFds } from '../../src/handles/index.ts';
import { fixture } from './fixtures/programs.ts';
import { openDoor, visit } from './fixtures/takers.ts';

test('the VIP address is served by the special worker, the rest by the normal one', async () => {
  const setUp = 'ip link set lo up && ip address add 74.125.127.100/32 dev lo && exec "$@"';
  const { stdout } = await promisify(execFile)('unshare', [
    '--net',
    'sh',
    '-c',
    setUp,
    'sh',
    process.execPath,
    ...process.execArgv,
    fixture('vip.ts'),
  ]);
  assert.deepEqual(JSON.parse(stdout), {
    '74.125.127.100': 'special',
    '127.0.0.1': 'normal',
    '127.0.0.2': 'normal',
  });
});

test('a child in Python serves on an inherited listener', async () => {
  const [other, web] = [await openDoor(), await openDoor()];
  const plan = listenFds({ other: other.server, web: web.server }, 'python3', ['-u', fixture('listener.py')]);
  const child = spawn(plan.command, plan.args, {
    env: plan.env,
    stdio: ['ignore', 'inherit', 'inherit', ...plan.stdio.slice(3)],
  });
  const exited = once(child, 'exit');
  await Promise.all([other.close(), web.close()]);
  for (const text of ['first', 'second'])
    assert.equal(await visit({ port: web.port, host: '127.0.0.1' }, text), `python ${text}`);
  assert.deepEqual(await exited, [0, null]);
});
