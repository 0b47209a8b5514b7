import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { listenFds } from './listen-fds.ts';
import { descriptorOf } from './node-internals.ts';

const skip = process.platform === 'win32';

describe('a plan for listeners to be inherited', { skip }, () => {
  let web: Server;
  let admin: Server;

  before(async () => {
    web = createServer().listen(0, '127.0.0.1');
    admin = createServer().listen(0, '127.0.0.1');
    await Promise.all([once(web, 'listening'), once(admin, 'listening')]);
  });
  after(() => {
    web.close();
    admin.close();
  });

  it('has the descriptors from 3 on, and names them', () => {
    const plan = listenFds({ web, admin }, 'prog', ['a'], {
      env: { PATH: '/bin' },
      stdio: ['ignore', 1, 'pipe'],
    });
    assert.deepEqual(plan.stdio, ['ignore', 1, 'pipe', descriptorOf(web), descriptorOf(admin)]);
    assert.deepEqual(plan.env, { PATH: '/bin', LISTEN_FDS: '2', LISTEN_FDNAMES: 'web:admin' });
  });

  it('leaves stdin, stdout and stderr to whoever starts it, and takes this environment, where nothing else is said', () => {
    const plan = listenFds({ web }, 'prog');
    assert.deepEqual(plan.stdio.slice(0, 3), [undefined, undefined, undefined]);
    assert.equal(plan.env['PATH'], process.env['PATH']);
  });

  it('tells the child its own pid', () => {
    const { command, args, env, stdio } = listenFds({ web }, '/bin/sh', [
      '-c',
      'echo "$LISTEN_PID $$ $LISTEN_FDS $LISTEN_FDNAMES"',
    ]);
    const { stdout } = spawnSync(command, args, {
      env,
      stdio: ['ignore', 'pipe', 'inherit', ...stdio.slice(3)],
    });
    const [told, own, ...rest] = stdout.toString().trim().split(' ');
    assert.equal(told, own);
    assert.deepEqual(rest, ['1', 'web']);
  });

  it('passes arguments on as they are, whatever they would mean to a shell', () => {
    const odd = ['$(echo no)', '`id`', "it's", '"', '; exit 3', '', '-n', '*', 'a\nb', '$$'];
    const { command, args, env, stdio } = listenFds({ web }, process.execPath, [
      '-e',
      'console.log(JSON.stringify(process.argv.slice(1)))',
      '--',
      ...odd,
    ]);
    const { stdout } = spawnSync(command, args, {
      env,
      stdio: ['ignore', 'pipe', 'inherit', ...stdio.slice(3)],
    });
    assert.deepEqual(JSON.parse(stdout.toString()), odd);
  });

  it('takes a datagram socket, a descriptor by its number, and whatever tells its own', async () => {
    const datagrams = createSocket('udp4').bind(0, '127.0.0.1');
    await once(datagrams, 'listening');
    const fd = descriptorOf(web);
    const plan = listenFds({ datagrams, number: fd, bound: { fd: () => fd } }, 'prog');
    assert.deepEqual(plan.stdio.slice(3), [descriptorOf(datagrams), fd, fd]);
    datagrams.close();
  });

  it('refuses what no child could take', () => {
    const file = openSync(process.execPath, 'r');
    const wrong: [() => unknown, string, RegExp][] = [
      [() => listenFds({ web: file }, 'prog'), 'ERR_BAD_ARGUMENT', /no open socket/],
      [() => listenFds({ web: 99_999 }, 'prog'), 'ERR_BAD_ARGUMENT', /no open socket/],
      [() => listenFds({ web: createServer() }, 'prog'), 'ERR_NOT_SUPPORTED', /does not listen yet/],
      [() => listenFds({ 'a:b': web }, 'prog'), 'ERR_BAD_ARGUMENT', /"a:b" is no name/],
      [() => listenFds({ ä: web }, 'prog'), 'ERR_BAD_ARGUMENT', /is no name/],
      [() => listenFds({}, 'prog'), 'ERR_BAD_ARGUMENT', /no listeners/],
      [() => listenFds({ web }, '-c'), 'ERR_BAD_ARGUMENT', /"-c" is no command/],
      [() => listenFds({ web }, 'prog', [], { stdio: [0, 1, 2, 3] }), 'ERR_BAD_ARGUMENT', /0 to 2 only/],
    ];
    for (const [plan, code, message] of wrong) assert.throws(plan, { code, message });
    closeSync(file);
  });
});
