// `kindred listen` and `kindred send`, as a shell sees them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { useKindredCommand } from '../../../test/programs/kindred-command.ts';

const command = useKindredCommand();

async function listen(
  address: string,
  ...words: string[]
): Promise<ReturnType<typeof command.start> & { address: string }> {
  const started = command.start(['listen', address, ...words]);
  const [, at = ''] = await started.sees('stderr', /^listening at (\S+), pid \d+$/m);
  return { ...started, address: at };
}

for (const address of ['local:inbox', 'tcp://127.0.0.1:0'])
  test(`messages sent to ${address.split(':')[0]}: are printed with the number of their channel`, async () => {
    const inbox = await listen(address);
    assert.deepEqual(await command.run(['send', inbox.address, '{"hello":"world"}', 'a string', '5']), {
      code: 0,
      stdout: '',
      stderr: '',
    });
    await inbox.sees('stderr', /channel 1 opened\nchannel 1 closed\n/);
    await command.run(['send', inbox.address, 'again', '--string']);
    await inbox.sees('stdout', /"channel":2/);
    inbox.child.kill('SIGINT');
    const { code, stdout } = await inbox.ended;
    assert.equal(code, 0);
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
      [
        { channel: 1, message: { hello: 'world' } },
        { channel: 1, message: 'a string' },
        { channel: 1, message: 5 },
        { channel: 2, message: 'again' },
      ],
    );
  });

test('--reply answers each message, and --wait-reply prints the answers', async () => {
  const inbox = await listen('local:replies', '--reply', '{"ok":true}');
  const one = '{"ok":true}\n';
  assert.deepEqual(await command.run(['send', 'local:replies', 'a', '--wait-reply']), {
    code: 0,
    stdout: one,
    stderr: '',
  });
  assert.equal(
    (await command.run(['send', 'local:replies', '--wait-reply', 'a', 'b', 'c'])).stdout,
    one.repeat(3),
  );
  assert.equal(
    (await command.run(['send', 'local:replies', '--wait-reply', '1', 'a', 'b', 'c'])).stdout,
    one,
  );
  inbox.child.kill('SIGTERM');
  assert.equal((await inbox.ended).code, 0);
});

test('lines typed into listen go to every channel, and wait while there is none', async () => {
  const inbox = await listen('local:typed');
  inbox.write('{"typed":1}\nplain words\n\n');
  const first = command.start(['send', 'local:typed', 'here', '--wait-reply', '3']);
  await first.sees('stdout', /"plain words"\n/);
  const second = command.start(['send', 'local:typed', 'here too', '--wait-reply', '1']);
  await inbox.sees('stdout', /here too/);
  inbox.write('to all\n');
  assert.deepEqual(await first.ended, {
    code: 0,
    stdout: '{"typed":1}\n"plain words"\n"to all"\n',
    stderr: '',
  });
  assert.deepEqual(await second.ended, { code: 0, stdout: '"to all"\n', stderr: '' });
  inbox.child.kill('SIGINT');
  await inbox.ended;
});

test('--once takes one channel and ends with it', async () => {
  const inbox = await listen('local:once', '--once');
  await command.run(['send', 'local:once', '1', '2']);
  const { code, stdout } = await inbox.ended;
  assert.equal(code, 0);
  assert.equal(stdout, '{"channel":1,"message":1}\n{"channel":1,"message":2}\n');
});

test('send takes messages from the lines of stdin', async () => {
  const inbox = await listen('local:lines', '--once');
  const lines = Array.from({ length: 2000 }, (_, i) => `{"line":${i}}`);
  assert.equal(
    (await command.run(['send', 'local:lines', 'first', '-', 'last'], { input: `${lines.join('\n')}\n` }))
      .code,
    0,
  );
  const { stdout } = await inbox.ended;
  const messages = stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { message: unknown }).message);
  assert.deepEqual(messages, ['first', ...lines.map((line) => JSON.parse(line) as unknown), 'last']);
});

test('both ends can speak another dialect', async () => {
  for (const dialect of ['json-concat', 'json-headers', 'binary']) {
    const inbox = await listen(`local:${dialect}`, '--dialect', dialect, '--once', '--reply', 'yes');
    const sent = await command.run([
      'send',
      `local:${dialect}`,
      '{"in":1}',
      '--dialect',
      dialect,
      '--wait-reply',
    ]);
    assert.deepEqual(sent, { code: 0, stdout: '"yes"\n', stderr: '' });
    assert.equal((await inbox.ended).stdout, '{"channel":1,"message":{"in":1}}\n');
  }
});

test('replies that do not come in time are exit code 4, a channel that closes before them 1', async () => {
  const inbox = await listen('local:silent');
  const late = await command.run(['send', 'local:silent', 'x', '--wait-reply', '2', '--timeout', '2000']);
  assert.deepEqual([late.code, late.stdout], [4, '']);
  assert.match(late.stderr, /^kindred: 0 of 2 replies within 2000 ms \(ERR_TIMEOUT, outcome unknown\)\n$/);
  const cut = command.start(['send', 'local:silent', 'y', '--wait-reply']);
  await inbox.sees('stdout', /"y"/);
  inbox.child.kill('SIGINT');
  await inbox.ended;
  const { code, stderr } = await cut.ended;
  assert.equal(code, 1);
  assert.match(stderr, /closed after 0 of 1 reply \(ERR_PEER_GONE/);
});

test('nobody there is exit code 3, an interrupt 130', async () => {
  assert.equal((await command.run(['send', 'local:nobody', 'x'])).code, 3);
  const inbox = await listen('local:quiet');
  const waiting = command.start(['send', 'local:quiet', 'x', '--wait-reply']);
  await inbox.sees('stdout', /"x"/);
  waiting.child.kill('SIGINT');
  assert.equal((await waiting.ended).code, 130);
  inbox.child.kill('SIGINT');
  await inbox.ended;
});

test('a reader that has enough ends listen quietly', async () => {
  const inbox = await listen('local:enough');
  const sender = command.start(['send', 'local:enough', '-']);
  sender.write('1\n');
  await inbox.sees('stdout', /1/);
  inbox.child.stdout?.destroy();
  sender.write('2\n');
  const { code, stderr } = await inbox.ended;
  assert.equal(code, 0, stderr);
  sender.child.stdin?.end();
  await sender.ended;
});
