// `kindred call` and `kindred notify`, as a shell sees them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { useKindredCommand } from '../../../test/programs/kindred-command.ts';

const here = 'local:math';
let server: Awaited<ReturnType<typeof command.serve>>;

// In front of the command's own hook, which finds everything ended that a test has started.
after(async () => {
  server.child.kill('SIGTERM');
  await server.ended;
});

const command = useKindredCommand();

before(async () => {
  server = await command.serve('math.ts', here);
});

test('a result is one line of JSON on stdout, with exit code 0 and nothing on stderr', async () => {
  const results: [string[], string][] = [
    [['add', '1', '2', '3', '4', '5'], '15'],
    [['add'], '0'],
    [['add', '-1', '2.5'], '1.5'],
    [['echo', '{"a":[null,true]}'], '{"a":[null,true]}'],
    [['users.find', 'x7'], '{"id":"x7"}'],
    [['nothing'], 'null'],
    [
      ['values'],
      '{"when":{"$date":"1970-01-01T00:00:00.000Z"},"big":{"$bigint":"12"},"bytes":{"$bytes":"AQID"},"map":{"$map":[["a",1]]}}',
    ],
  ];
  for (const [words, line] of results)
    assert.deepEqual(await command.run(['call', here, ...words]), {
      code: 0,
      stdout: `${line}\n`,
      stderr: '',
    });
});

test('words become values: JSON, else strings; --string keeps every word a string', async () => {
  const kinds: [string[], string][] = [
    [
      ['1', 'Ada', 'true', 'null', '[]', '"5"', '--', '--x'],
      '["number","string","boolean","null","array","string","string"]',
    ],
    [['--string', '1', 'true'], '["string","string"]'],
  ];
  for (const [words, line] of kinds) {
    const { code, stdout } = await command.run(['call', here, 'kinds', ...words]);
    assert.deepEqual({ code, stdout }, { code: 0, stdout: `${line}\n` });
  }
  const odd = await command.run(['call', here, 'kinds', '{a:1}']);
  assert.equal(odd.stdout, '["string"]\n');
  assert.match(odd.stderr, /^kindred: note: \{a:1\} is no JSON/);
});

test('arguments can have names, and can be given as one JSON text, also on stdin', async () => {
  const calls: [string[], string | undefined][] = [
    [['--named', 'times=2', 'name=Ada'], undefined],
    [['--json-args', '["Ada",2]'], undefined],
    [['--json-args', '{"name":"Ada","times":2}'], undefined],
    [['--json-args', '-'], '["Ada",\n2]\n'],
  ];
  for (const [words, input] of calls) {
    const { code, stdout } = await command.run(
      ['call', here, 'greet', ...words],
      input === undefined ? {} : { input },
    );
    assert.deepEqual({ code, stdout }, { code: 0, stdout: '"hello Ada, hello Ada"\n' });
  }
});

test('the items of a stream are one line each', async () => {
  for (const flags of [[], ['--stream'], ['--dialect', 'json-lines']])
    assert.deepEqual(await command.run(['call', here, 'countdown', '3', ...flags]), {
      code: 0,
      stdout: '3\n2\n1\n',
      stderr: '',
    });
});

test('items are printed as they come', async () => {
  const call = command.start(['call', here, 'forever']);
  await call.sees('stdout', /^0\n1\n2\n/);
  call.child.kill('SIGINT');
  assert.equal((await call.ended).code, 130);
  await server.sees('stderr', /forever has ended/);
});

test('an answer that must be a stream and is none is an error that tells that the function has run', async () => {
  const { code, stdout, stderr } = await command.run(['call', here, 'add', '1', '--stream']);
  assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
  assert.match(stderr, /^kindred: add answered with a value, not with a stream.*outcome executed\)\n$/);
});

test('what the function throws is exit code 1, with its code, data and cause on stderr', async () => {
  const { code, stdout, stderr } = await command.run(['call', here, 'fail']);
  assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
  assert.equal(
    stderr,
    'kindred: TypeError: the order has no items (ERR_REMOTE, outcome executed)\n  code: "E_EMPTY"\n  data: {"items":0}\n  caused by RangeError: 0 items\n',
  );
});

test('--verbose shows stacks', async () => {
  const { stderr } = await command.run(['call', here, 'fail', '--verbose']);
  assert.match(stderr, /^ {2}at /m);
});

test('a function that does not exist, or does not fit, is exit code 1', async () => {
  const unknown = await command.run(['call', here, 'ad', '1']);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /no function "ad": it offers add, .*ERR_METHOD_NOT_FOUND/);
  const named = await command.run(['call', here, 'greet', '--named', 'nme=Ada']);
  assert.equal(named.code, 1);
  assert.match(named.stderr, /no parameter named nme.*ERR_INVALID_PARAMS/);
  const then = await command.run(['call', here, 'then']);
  assert.equal(then.code, 1);
  assert.match(then.stderr, /ERR_METHOD_NOT_FOUND, outcome not-sent/);
});

test('a service that dies in the middle of the call is exit code 1 with an unknown outcome', async () => {
  const mortal = await command.serve('math.ts', 'local:mortal');
  const { code, stderr } = await command.run(['call', 'local:mortal', 'die']);
  assert.equal(code, 1);
  assert.match(stderr, /ERR_PEER_GONE, outcome unknown/);
  assert.equal((await mortal.ended).code, 9);
});

test('nobody there is exit code 3, told with the mend', async () => {
  for (const address of ['local:nobody', 'tcp://127.0.0.1:1', `unix:${command.folder}/none.sock`]) {
    const { code, stdout, stderr } = await command.run(['call', address, 'add']);
    assert.deepEqual({ code, stdout }, { code: 3, stdout: '' });
    assert.match(stderr, /^kindred: .*--wait waits for it \(ERR_NOT_REACHABLE, outcome not-sent\)\n/);
  }
});

test('--wait calls as soon as the service is there', async () => {
  const call = command.start(['call', '--wait', 'local:later', 'add', '1', '2']);
  const later = await command.serve('math.ts', 'local:later');
  assert.deepEqual(await call.ended, { code: 0, stdout: '3\n', stderr: '' });
  later.child.kill('SIGTERM');
  await later.ended;
});

test('--wait with a number gives up then', async () => {
  const { code } = await command.run(['call', 'local:nobody', 'add', '--wait', '50']);
  assert.equal(code, 3);
});

test('a call that takes too long is exit code 4, and cancelled at the service', async () => {
  const { code, stderr } = await command.run(['call', here, 'wait', '--timeout', '200']);
  assert.equal(code, 4);
  assert.match(stderr, /^kindred: wait: no answer within 200 ms.*ERR_TIMEOUT, outcome unknown\)\n$/);
  await server.sees('stderr', /cancelled/);
});

test('--timeout bounds waiting for the service too', async () => {
  const { code, stderr } = await command.run(['call', 'local:nobody', 'add', '--wait', '--timeout', '100']);
  assert.ok(code === 3 || code === 4, String(code));
  assert.match(stderr, /outcome not-sent/);
});

for (const [signal, expected] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  test(`${signal} cancels the call at the service and is exit code ${expected}`, async () => {
    const own = await command.serve('math.ts', `local:${signal}`);
    const call = command.start(['call', `local:${signal}`, 'wait']);
    await own.sees('stderr', /waiting/);
    call.child.kill(signal);
    const { code, stdout, stderr } = await call.ended;
    assert.deepEqual({ code, stdout }, { code: expected, stdout: '' });
    assert.match(stderr, /^kindred: .*ERR_CANCELLED, outcome unknown\)\n$/);
    await own.sees('stderr', /cancelled/);
    own.child.kill('SIGTERM');
    await own.ended;
  });

test('a reader that has enough ends the command quietly', async () => {
  const call = command.start(['call', here, 'forever']);
  await call.sees('stdout', /\n/);
  call.child.stdout?.destroy();
  const { code, stderr } = await call.ended;
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
});

test('a large result is not cut at exit', async () => {
  const text = 'x'.repeat(3_000_000);
  const { code, stdout } = await command.run(['call', here, 'echo', '--json-args', '-'], {
    input: JSON.stringify([text]),
  });
  assert.equal(code, 0);
  assert.equal(stdout.length, text.length + 3);
});

test('the same call goes over tcp, and to a program that knows JSON-RPC alone', async () => {
  const tcp = await command.serve('math.ts', 'tcp://127.0.0.1:0');
  for (const flags of [
    [],
    ['--dialect', 'json-lines'],
    ['--dialect', 'json-headers'],
    ['--dialect', 'binary'],
  ])
    assert.deepEqual(await command.run(['call', tcp.address, 'add', '1', '2', ...flags]), {
      code: 0,
      stdout: '3\n',
      stderr: '',
    });
  tcp.child.kill('SIGTERM');
  await tcp.ended;
});

test('a notification prints nothing, and runs', async () => {
  assert.deepEqual(await command.run(['notify', here, 'say', 'hello there']), {
    code: 0,
    stdout: '',
    stderr: '',
  });
  await server.sees('stderr', /said hello there/);
  assert.deepEqual(await command.run(['notify', here, 'say', 'handled', '--delivery', 'handled']), {
    code: 0,
    stdout: '',
    stderr: '',
  });
  await server.sees('stderr', /said handled/);
});

test('a wrong command line is exit code 2, and leaves stdout alone', async () => {
  for (const words of [[], ['call'], ['call', 'math', 'add']]) {
    const { code, stdout } = await command.run(words);
    assert.deepEqual({ code, stdout }, { code: 2, stdout: '' }, words.join(' '));
  }
});

test('colours are for terminals alone', async () => {
  const plain = await command.run(['call', 'math', 'add']);
  assert.ok(!plain.stderr.includes('\u001b'));
  const forced = await command.run(['call', 'math', 'add'], { env: { FORCE_COLOR: '1' } });
  assert.ok(forced.stderr.includes('\u001b'));
  const not = await command.run(['call', 'math', 'add'], { env: { NO_COLOR: '1' } });
  assert.ok(!not.stderr.includes('\u001b'));
});
