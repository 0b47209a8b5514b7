// When a process has nothing left to serve, it ends; when it does not end in its time, it is ended.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { connect, host } from 'kindred';
import { fork } from 'kindred/process';

it('a hosted module that does not end in its time is killed', async () => {
  const blocker = new URL('./fixtures/blocker.ts', import.meta.url);
  const hosted = await host<{ block(): void }>(blocker, { graceMs: 200 });
  await hosted.notify.block();
  await hosted.close();
  assert.equal((await hosted.exited).signal, 'SIGKILL');
});

it('a child over stdio answers what it has received, then ends, when stdin ends', async () => {
  const child = fork(new URL('./fixtures/bystander.ts', import.meta.url), [], { channel: 'stdio' });
  let answer = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    answer += chunk;
  });
  child.stdin?.end('{"jsonrpc":"2.0","id":1,"method":"ready"}\n{"jsonrpc":"2.0","id":2,"method":"ready"}');
  assert.deepEqual(await child.exited, { exitCode: 0, signal: null });
  assert.equal(answer, '{"jsonrpc":"2.0","id":1,"result":true}\n{"jsonrpc":"2.0","id":2,"result":true}\n');
});

it('a process that does not count the modules that it hosts ends by itself', async () => {
  const child = fork(new URL('./fixtures/quiet-host.ts', import.meta.url), [], { channel: 'none' });
  assert.deepEqual(await child.exited, { exitCode: 0, signal: null });
});

it('a process whose peers are all closed or not counted ends by itself', async () => {
  const child = fork(new URL('./fixtures/quiet.ts', import.meta.url), [], { channel: 'ipc' });
  const peer = await connect<{ done(): void }>(child);
  await peer.call.done();
  assert.deepEqual(await child.exited, { exitCode: 0, signal: null });
  await peer.close();
});
