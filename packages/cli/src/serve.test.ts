// `kindred serve` and `kindred describe`, as a shell sees them.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { useKindredCommand } from '../../../test/programs/kindred-command.ts';

const command = useKindredCommand();

async function callOnce(address: string, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await command.run(['call', address, ...words]);
  assert.equal(code, 0, stderr);
  return stdout.trim();
}

async function end(server: {
  child: { kill(signal: 'SIGTERM'): void };
  ended: Promise<{ code: number }>;
}): Promise<void> {
  server.child.kill('SIGTERM');
  assert.equal((await server.ended).code, 0);
}

test('it says on stderr what it serves, where, and its pid; stdout is left to the module', async () => {
  const server = await command.serve('math.ts', 'local:told');
  server.child.kill('SIGTERM');
  const { stdout, stderr } = await server.ended;
  assert.equal(stdout, '');
  assert.equal(stderr, `serving ${command.served('math.ts')} at local:told, pid ${server.child.pid}\n`);
});

test('all exports are served under their names, a default export that holds them all as it is', async () => {
  const nested = await command.serve('nested.ts', 'local:nested');
  assert.equal(await callOnce('local:nested', 'ping'), '"pong"');
  assert.equal(await callOnce('local:nested', 'math.add', '1', '2'), '3');
  assert.equal(await callOnce('local:nested', 'default.greet', 'Ada'), '"hello Ada"');
  await end(nested);
  const common = await command.serve('greeter.cjs', 'local:common');
  assert.equal(await callOnce('local:common', 'greet', 'Ada'), '"hello Ada"');
  await end(common);
});

test('--export serves one exported object', async () => {
  const math = await command.serve('nested.ts', 'local:math', '--export', 'math');
  assert.equal(await callOnce('local:math', 'add', '1', '2'), '3');
  assert.equal((await command.run(['call', 'local:math', 'ping'])).code, 1);
  await end(math);
  const main = await command.serve('nested.ts', 'local:main', '--export', 'default');
  assert.equal(await callOnce('local:main', 'greet', 'Ada'), '"hello Ada"');
  await end(main);
});

test('--allow-anyone opens what others can reach', async () => {
  const server = await command.serve('math.ts', 'tcp://0.0.0.0:0', '--allow-anyone');
  await end(server);
});

test('at parent: without a parent nobody is there, and --help tells of that exit code', async () => {
  const words = ['serve', command.served('math.ts'), '--at', 'parent:'];
  assert.equal((await command.start(words, { stdin: 'ignore' }).ended).code, 3);
  const help = await command.run(['serve', '--help']);
  assert.match(help.stdout, /^ +3 +nobody is there/m);
});

test('a name that is served already is refused, naming the owner', async () => {
  const first = await command.serve('math.ts', 'local:taken');
  const { code, stderr } = await command.run(['serve', command.served('math.ts'), '--at', 'local:taken']);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`${first.child.pid}.*ERR_ADDRESS_IN_USE`));
  await end(first);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  test(`${signal} takes no more calls, lets those that run finish, and ends with 0`, async () => {
    const server = await command.serve('math.ts', 'local:drained');
    const call = command.start(['call', 'local:drained', 'held']);
    await server.sees('stderr', /holding/);
    const other = command.start(['call', 'local:drained', 'forever']);
    await other.sees('stdout', /\n/);
    other.child.kill('SIGINT');
    await other.ended;
    server.child.kill(signal);
    await server.sees('stderr', /ending: one call still runs \(again to end at once\)/);
    const refused = await command.run(['call', 'local:drained', 'add', '1']);
    assert.equal(refused.code, 3);
    call.child.kill('SIGINT');
    await call.ended;
    assert.equal((await server.ended).code, 0);
  });

test('a module that is still being loaded can be interrupted', async () => {
  const server = command.start(['serve', command.served('endless.ts'), '--at', 'local:endless']);
  await server.sees('stderr', /loading for ever/);
  server.child.kill('SIGINT');
  const { code, stderr } = await server.ended;
  assert.equal(code, 130);
  assert.match(stderr, /was still being loaded \(ERR_CANCELLED\)\n$/);
});

test('the call that runs at the end gets its result', async () => {
  const server = await command.serve('math.ts', 'tcp://127.0.0.1:0');
  const { port } = new URL(server.address.replace('tcp:', 'http:'));
  const socket = connect(Number(port), '127.0.0.1');
  const lines: string[] = [];
  socket.setEncoding('utf8').on('data', (text: string) => lines.push(text));
  socket.write('{"jsonrpc":"2.0","id":1,"method":"held"}\n');
  await server.sees('stderr', /holding/);
  server.child.kill('SIGINT');
  await server.sees('stderr', /ending/);
  socket.write('{"jsonrpc":"2.0","method":"free"}\n');
  assert.equal((await server.ended).code, 0);
  assert.match(lines.join(''), /"result":"freed"/);
});

test('a second signal ends it at once, with the code of the signal', async () => {
  const server = await command.serve('math.ts', 'local:impatient');
  const call = command.start(['call', 'local:impatient', 'wait']);
  await server.sees('stderr', /waiting/);
  server.child.kill('SIGINT');
  await server.sees('stderr', /ending/);
  server.child.kill('SIGINT');
  assert.equal((await server.ended).code, 130);
  assert.equal((await call.ended).code, 1);
});

test('--grace bounds how long running calls hold up the end', async () => {
  const server = await command.serve('math.ts', 'local:graced', '--grace', '50');
  const call = command.start(['call', 'local:graced', 'wait']);
  await server.sees('stderr', /waiting/);
  server.child.kill('SIGTERM');
  assert.equal((await server.ended).code, 0);
  assert.equal((await call.ended).code, 1);
});

test('a name that was served can be served again, also after a kill', async () => {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const server = await command.serve('math.ts', 'local:again');
    server.child.kill(signal);
    await server.ended;
  }
  await end(await command.serve('math.ts', 'local:again'));
});

test('over stdio: the module may print what it likes, and the end of stdin is the end', async () => {
  const request = '{"jsonrpc":"2.0","id":1,"method":"add","params":[1,2]}\n';
  const { code, stdout, stderr } = await command.run(
    ['serve', command.served('talkative.ts'), '--at', 'stdio:'],
    { input: request },
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), { jsonrpc: '2.0', id: 1, result: 3 });
  assert.match(stderr, /loading/);
  assert.match(stderr, /adding/);
});

test('describe lists functions, parameters and streams in a table', async () => {
  const server = await command.serve('math.ts', 'local:described');
  const { code, stdout, stderr } = await command.run(['describe', 'local:described']);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  const lines = stdout.split('\n');
  assert.match(lines[0] ?? '', /^METHOD +PARAMETERS +ANSWERS +SUMMARY$/);
  for (const row of [
    /^add +\.\.\.numbers +a value$/m,
    /^countdown +from +a stream$/m,
    /^greet +name, times\? +a value$/m,
    /^users\.find +id +a value$/m,
    /^nothing +- +a value$/m,
    /^held +- +a value +Answers when `free` is called\.$/m,
  ])
    assert.match(stdout, row);
  const json = await command.run(['describe', 'local:described', '--json']);
  const document = JSON.parse(json.stdout) as { openrpc: string; methods: { name: string }[] };
  assert.equal(json.stdout.trim().includes('\n'), false);
  assert.ok(document.methods.some(({ name }) => name === 'users.find'));
  await end(server);
  const { code: gone } = await command.run(['describe', 'local:described']);
  assert.equal(gone, 3);
});
