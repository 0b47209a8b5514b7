// --ca, --cert and --key: every command that takes them, over TLS with certificates on both sides.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { certificates } from '../../../test/programs/certificates.ts';
import { useKindredCommand } from '../../../test/programs/kindred-command.ts';

const command = useKindredCommand();
const any = 'tls://127.0.0.1:0';

/** The options of one side, whose files are there. */
const optionsOf = (name: 'server' | 'client'): string[] => [
  ...['--ca', fileOf('authority', 'cert')],
  ...['--cert', fileOf(name, 'cert'), '--key', fileOf(name, 'key')],
];
const fileOf = (name: string, part: string): string =>
  join(command.folder, 'certificates', `${name}.${part}`);

before(async () => {
  mkdirSync(join(command.folder, 'certificates'));
  for (const [name, identity] of Object.entries(await certificates()))
    for (const part of ['key', 'cert'] as const) writeFileSync(fileOf(name, part), identity[part]);
});

test('serve lets in who has a certificate of its authority; call, notify and describe reach it', async () => {
  const server = await command.serve('math.ts', any, ...optionsOf('server'));
  const ask = (...words: string[]): ReturnType<typeof command.run> => {
    const [name = '', ...rest] = words;
    return command.run([name, server.address, ...rest, ...optionsOf('client')]);
  };
  assert.deepEqual(await ask('call', 'add', '1', '2'), { code: 0, stdout: '3\n', stderr: '' });
  assert.equal((await ask('notify', 'say', 'hello', '--delivery', 'handled')).code, 0);
  await server.sees('stderr', /said hello/);
  assert.match((await ask('describe')).stdout, /^add +\.\.\.numbers +a value$/m);
  server.child.kill('SIGTERM');
  assert.equal((await server.ended).code, 0);
});

test('without a certificate of its own, or without trust in that of the server, a call is not answered', async () => {
  const server = await command.serve('math.ts', any, ...optionsOf('server'));
  const nameless = await command.run(['call', server.address, 'add', '--ca', fileOf('authority', 'cert')]);
  // The server's refusal comes before the call has left, or after.
  assert.ok(nameless.code === 1 || nameless.code === 3, nameless.stderr);
  assert.equal(nameless.stdout, '');
  const mistrustful = await command.run(['call', server.address, 'add']);
  assert.deepEqual({ code: mistrustful.code, stdout: mistrustful.stdout }, { code: 3, stdout: '' });
  server.child.kill('SIGTERM');
  await server.ended;
});

test('listen and send exchange plain messages', async () => {
  const inbox = command.start(['listen', any, '--reply', '{"ok":true}', '--once', ...optionsOf('server')]);
  const [, address = ''] = await inbox.sees('stderr', /^listening at (\S+), pid \d+$/m);
  const sent = await command.run(['send', address, 'hello', '--wait-reply', ...optionsOf('client')]);
  assert.deepEqual(sent, { code: 0, stdout: '{"ok":true}\n', stderr: '' });
  const { code, stdout } = await inbox.ended;
  assert.deepEqual({ code, stdout }, { code: 0, stdout: '{"channel":1,"message":"hello"}\n' });
});
