// --secret-file: every command that takes it.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { useKindredCommand } from '../../../test/programs/kindred-command.ts';

const command = useKindredCommand();
const any = 'tcp://127.0.0.1:0';
const fileOf = (name: string): string => join(command.folder, 'secrets', name);

before(() => mkdirSync(join(command.folder, 'secrets')));

test('serve makes the file, and lets in who has it; others are refused, and told so', async () => {
  const file = fileOf('made');
  const server = await command.serve('math.ts', any, '--secret-file', file);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const asked = await command.run(['call', server.address, 'add', '1', '2', '--secret-file', file]);
  assert.deepEqual(asked, { code: 0, stdout: '3\n', stderr: '' });
  const described = await command.run(['describe', server.address, '--secret-file', file]);
  assert.match(described.stdout, /^add /m);

  const nameless = await command.run(['call', server.address, 'add', '1', '2']);
  assert.deepEqual({ code: nameless.code, stdout: nameless.stdout }, { code: 1, stdout: '' });
  assert.match(nameless.stderr, /ERR_NOT_AUTHENTICATED/);

  const other = fileOf('other');
  writeFileSync(other, 'x'.repeat(32), { mode: 0o600 });
  const wrong = await command.run(['call', server.address, 'add', '1', '2', '--secret-file', other]);
  assert.deepEqual({ code: wrong.code, stdout: wrong.stdout }, { code: 1, stdout: '' });
  assert.match(wrong.stderr, /does not know our secret.*ERR_NOT_AUTHENTICATED/);

  chmodSync(other, 0o644);
  const open = await command.run(['call', server.address, 'add', '1', '2', '--secret-file', other]);
  assert.match(open.stderr, /has mode 0644.*ERR_UNSAFE_FILE/);
  server.child.kill('SIGTERM');
  assert.equal((await server.ended).code, 0);
});

test('listen and send exchange plain messages', async () => {
  const own = ['--secret-file', fileOf('inbox')];
  const inbox = command.start(['listen', any, '--reply', '{"ok":true}', '--once', ...own]);
  const [, address = ''] = await inbox.sees('stderr', /^listening at (\S+), pid \d+$/m);
  const sent = await command.run(['send', address, 'hello', '--wait-reply', ...own]);
  assert.deepEqual(sent, { code: 0, stdout: '{"ok":true}\n', stderr: '' });
  assert.equal((await inbox.ended).code, 0);
});
