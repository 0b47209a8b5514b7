/** A child of any language finds the listening sockets that its parent has opened for it. */
import assert from 'node:assert/strict';
import type { Buffer } from 'node:buffer';
import { spawn as nodeSpawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { inherited, listenFds } from '../../src/handles/index.ts';
import { spawn } from '../../src/process/index.ts';
import { within } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';
import { onStage } from './fixtures/stage.ts';
import { openDoor, visit } from './fixtures/takers.ts';

const skip = process.platform === 'win32' && 'descriptors are not inherited there';
const heir = [...process.execArgv, fixture('listener-heir.ts')];

test('a Node.js child serves on inherited listeners, and its channel comes after them', { skip }, () =>
  onStage(async (stage) => {
    for (const channel of ['descriptor', 'ipc'] as const) {
      const [web, admin] = [await openDoor(), await openDoor()];
      const names = createSocket('udp4').bind(0, '127.0.0.1');
      await once(names, 'listening');
      const plan = listenFds({ web: web.server, admin: admin.server, names }, process.execPath, heir, {
        env: stage.env,
      });
      const child = spawn(plan.command, plan.args, { stdio: plan.stdio, env: plan.env, channel });
      stage.watch(child.pid);
      const { pid, news } = await stage.nextPlayer(child.exited);
      assert.equal(pid, child.pid, 'the shell has become the child');
      assert.deepEqual(news['names'], ['web', 'admin', 'names']);
      assert.deepEqual(news['left'], []);
      assert.deepEqual([news['channel'], news['ipc']], channel === 'ipc' ? ['ipc', true] : ['fd:6', false]);

      // From now on the child alone accepts.
      const { port } = names.address();
      names.close();
      await Promise.all([web.close(), admin.close()]);
      assert.equal(await visit({ port: web.port, host: '127.0.0.1' }), `web in ${pid}`);
      const response = await fetch(`http://127.0.0.1:${admin.port}/`);
      assert.equal(await response.text(), `admin in ${pid}`);
      const client = createSocket('udp4');
      client.send('?', port, '127.0.0.1');
      const [answer] = (await within('an answer', once(client, 'message'))) as [Buffer];
      assert.equal(String(answer), `names in ${pid}`);
      client.close();
      child.kill('SIGKILL');
      await child.exited;
    }
  }),
);

test(
  'a grandchild finds neither the variables nor the descriptors',
  { skip: process.platform !== 'linux' },
  () =>
    onStage(async (stage) => {
      const web = await openDoor();
      const plan = listenFds({ web: web.server }, process.execPath, heir, { env: stage.env });
      const child = nodeSpawn(plan.command, plan.args, {
        env: plan.env,
        stdio: ['ignore', 'inherit', 'inherit', ...plan.stdio.slice(3)],
      });
      stage.watch(child.pid as number);
      const player = await stage.nextPlayer(once(child, 'exit'));
      // Its standard streams are pipes of Node.js, which are sockets.
      assert.equal(await player.ask('grandchild'), ':3');
      child.kill('SIGKILL');
      await once(child, 'exit');
      await web.close();
    }),
);

test('a child in another language finds them, too', { skip }, () =>
  onStage(async (stage) => {
    const web = await openDoor();
    const plan = listenFds(
      { web: web.server },
      'sh',
      ['-c', 'test -S /dev/fd/3 && echo "$LISTEN_FDNAMES" $1', 'sh', '$x'],
      {
        env: stage.env,
      },
    );
    const child = nodeSpawn(plan.command, plan.args, {
      env: plan.env,
      stdio: ['ignore', 'pipe', 'inherit', ...plan.stdio.slice(3)],
    });
    let said = '';
    child.stdout?.on('data', (chunk) => {
      said += String(chunk);
    });
    await within('it ends', once(child, 'close'));
    assert.equal(said, 'web $x\n');
    await web.close();
  }),
);

test('a process that was started with none says so', () => {
  assert.deepEqual(inherited(), []);
  assert.throws(() => inherited('web', createServer()), {
    code: 'ERR_NOT_REACHABLE',
    message: /no listener 'web' was inherited: this process was started with none/,
  });
});
