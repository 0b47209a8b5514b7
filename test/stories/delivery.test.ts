/** What a sender was told of a message is true, and a process that flushes before it exits loses nothing of what it said. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { connect, dial, listen, type PlainChannel } from '../../src/index.ts';
import { type Child, fork } from '../../src/process/index.ts';
import { until, within } from './fixtures/deadline.ts';
import { distances } from './fixtures/distances.ts';
import { fixture } from './fixtures/programs.ts';
import { onStage } from './fixtures/stage.ts';

const count = 10_000;
interface Numbered {
  n: number;
  text: string;
}

async function hearAll(channel: PlainChannel<Numbered>): Promise<number> {
  let next = 0;
  for await (const { n, text } of channel) {
    assert.equal(n, next++, 'a message was lost, or came out of order');
    assert.equal(text.length, 1000);
  }
  return next;
}

const messengers: [string, () => Child, object][] = [
  [
    'an extra descriptor',
    () => fork(fixture('messenger.ts'), [String(count)], { channel: 'descriptor' }),
    {},
  ],
  ['native IPC', () => fork(fixture('messenger.ts'), [String(count)], { channel: 'ipc' }), {}],
  ['stdio', () => fork(fixture('messenger.ts'), [String(count)], { channel: 'stdio' }), {}],
];

for (const [over, start, options] of messengers) {
  test(`over ${over}, a child that sends 10,000 messages, flushes and exits loses none`, async () => {
    const child = start();
    const channel = await dial<Numbered>(child, options);
    assert.equal(await within('all messages come', hearAll(channel)), count);
    assert.deepEqual(await within('it ends', child.exited), { exitCode: 3, signal: null });
    await channel.close();
  });

  test(`over ${over}, nothing is lost either where the parent listens only later`, async () => {
    const child = start();
    const channel = await dial<Numbered>(child, options);
    // Native IPC cannot be held back; over the others the child is still there, waiting to be read.
    if (over === 'native IPC') await within('it ends', child.exited);
    else for (let i = 0; i < 100; i++) await turn();
    assert.equal(await within('all messages come', hearAll(channel)), count);
    assert.deepEqual(await within('it ends', child.exited), { exitCode: 3, signal: null });
    await channel.close();
  });
}

test('a thread that sends 10,000 messages, flushes and exits loses none', async () => {
  const worker = new Worker(fixture('messenger.ts'), { argv: [String(count)] });
  const exited = once(worker, 'exit');
  const channel = await dial<Numbered>(worker);
  assert.equal(await within('all messages come', hearAll(channel)), count);
  assert.deepEqual(await within('it ends', exited), [3]);
  await channel.close();
});

test('a parent with nothing but a pipe gets every line of a child that flushes and exits', async () => {
  const child = spawn(process.execPath, [fixture('messenger.ts'), String(count)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  await within('its output ends', once(child.stdout, 'end'));
  const lines = text.trimEnd().split('\n');
  assert.equal(lines.length, count);
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as Numbered).n),
    Array.from({ length: count }, (_, n) => n),
  );
  assert.deepEqual(await exited, [3, null]);
});

for (const channel of ['descriptor', 'ipc', 'stdio'] as const)
  test(`over ${channel}, the answer and the notifications of a child that flushes and exits arrive`, async () => {
    const child = fork(fixture('last-words.ts'), [], { channel });
    const heard: number[] = [];
    const peer = await connect<{ speak(count: number): string }>(child, {
      serve: { hear: (n: number, _text: string) => void heard.push(n) },
    });
    assert.equal(await within('it answers', peer.call.speak(2000)), 'farewell');
    await within('the peer is closed', peer.closed);
    assert.deepEqual(
      heard,
      Array.from({ length: 2000 }, (_, n) => n),
    );
    assert.deepEqual(await within('it ends', child.exited), { exitCode: 4, signal: null });
    await peer.close();
  });

for (const distance of distances.filter(({ kindred }) => kindred)) {
  test(`${distance.name}: a notification is received before it is handled, and handled when it is done`, () =>
    onStage(async (stage) => {
      const ends = await distance.reach(stage);
      const { peer } = ends;
      let order = 'until it is handled';
      const handled = peer
        .with({ delivery: 'handled' })
        .notify.hang('slow')
        .then(
          () => assert.fail('it is still running'),
          (error: { code: string; outcome: string }) => {
            order = `${error.code} ${error.outcome}`;
          },
        );
      await within('it is received', peer.with({ delivery: 'received' }).notify.hang('received'));
      await until(
        'both run',
        () => stage.record.deeds.includes('received') && stage.record.deeds.includes('slow'),
      );
      await within('it is handled', peer.with({ delivery: 'handled' }).notify.answer('quick'));
      assert.ok(stage.record.deeds.includes('quick'), 'handled was told of what was not done');
      assert.equal(order, 'until it is handled');
      await peer.close();
      await within('it settles', handled);
      assert.equal(order, 'ERR_CLOSED unknown');
      await ends.tearDown();
    }));
}

test('a plain message in binary is received when it has arrived, and handled when the next one is asked for', async () => {
  const steps: string[] = [];
  const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>();
  const server = await listen<string, string>(
    'tcp://127.0.0.1:0',
    async (channel) => {
      for await (const message of channel) {
        steps.push(`took ${message}`);
        await mayGoOn;
        steps.push(`done ${message}`);
      }
    },
    { dialect: 'binary' },
  );
  const channel = await dial<string, string>(server.address, { dialect: 'binary' });
  const first = channel.send('first', { delivery: 'handled' }).then(() => steps.push('first is handled'));
  await within('it is received', channel.send('second', { delivery: 'received' }));
  await until('the first is taken', () => steps.length > 0);
  assert.deepEqual(steps, ['took first']);
  goOn();
  await within('the first is handled', first);
  await within('the third is handled', channel.send('third', { delivery: 'handled' }));
  assert.ok(steps.indexOf('first is handled') > steps.indexOf('done first'));
  assert.deepEqual(
    steps.filter((step) => !step.startsWith('first')),
    ['took first', 'done first', 'took second', 'done second', 'took third', 'done third'],
  );
  await channel.close();
  await server.close();
});

test('a plain message whose acknowledgement can no longer come is told to be unknown, and a later one to be unsent', async () => {
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  const server = await listen<string, string>(
    'tcp://127.0.0.1:0',
    async (channel) => {
      for await (const _ of channel) {
        arrive();
        await channel.closed;
      }
    },
    { dialect: 'binary' },
  );
  const channel = await dial<string, string>(server.address, { dialect: 'binary' });
  const never = channel.send('first', { delivery: 'handled' });
  await arrived;
  const closing = server.close();
  await within(
    'it settles',
    assert.rejects(never, { name: 'KindredError', code: 'ERR_PEER_GONE', outcome: 'unknown' }),
  );
  await assert.rejects(channel.send('second', { delivery: 'received' }), {
    code: 'ERR_PEER_GONE',
    outcome: 'not-sent',
  });
  await channel.close();
  await closing;
});

test('messages keep their order, however many wait, whenever they were sent', async () => {
  const { promise: mayRead, resolve: letRead } = Promise.withResolvers<void>();
  const heard: number[] = [];
  const server = await listen<number[]>('tcp://127.0.0.1:0', async (channel) => {
    await mayRead;
    for await (const [n] of channel) heard.push(n as number);
  });
  // So small that senders wait again and again.
  const channel = await dial<unknown, number[]>(server.address, { limits: { maxBufferedBytes: 64 * 1024 } });
  const body = Array.from({ length: 500 }, () => 1234567);
  const sent: Promise<void>[] = [];
  for (let n = 0; n < 4000; n++) sent.push(channel.send([n, ...body]));
  letRead();
  // More come while those wait, in every kind of turn.
  for (let n = 4000; n < 8000; n++) {
    sent.push(channel.send([n, ...body]));
    if (n % 100 === 0) await turn();
  }
  await within('all is written', Promise.all(sent));
  await channel.close();
  await until('all is heard', () => heard.length === 8000);
  assert.ok(heard.every((n, i) => n === i));
  await server.close();
});
