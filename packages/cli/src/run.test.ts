// The command as a whole, in this process: what is wrong before anything is opened, and what --help teaches.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fakeTerminal, type Said, say as sayTo } from '../../../test/programs/fake-terminal.ts';
import { exitCodes } from './exit-codes.ts';
import { createProgram } from './run.ts';

const say = (...words: string[]): Promise<Said> => sayTo({}, ...words);

const served = (module: string): string =>
  fileURLToPath(new URL(`../../../test/programs/served/${module}`, import.meta.url));

test('a wrong command line is exit code 2, and says how to write it', async () => {
  const wrong: [string[], RegExp][] = [
    [[], /Usage: kindred/],
    [['cal', 'local:x', 'add'], /unknown command 'cal'\n\(Did you mean call\?\)/],
    [['call'], /missing required argument 'ADDRESS'\n\(kindred call --help tells more\)/],
    [['call', 'local:x'], /missing required argument 'METHOD'/],
    [
      ['call', 'local:x', 'add', '--tiemout', '5'],
      /unknown option '--tiemout'.*\n\(Did you mean --timeout\?\)/,
    ],
    [['call', 'local:x', 'add', '-x'], /a word that begins with - stands behind --/],
    [['call', 'local:x', 'add', '--timeout', '5s'], /Write whole milliseconds/],
    [['call', 'local:x', 'add', '--dialect', 'xml'], /Allowed choices are json-lines/],
    [['call', 'math', 'add'], /write local:math/],
    [['call', 'stdio:', 'add'], /stdio: is where the results go/],
    [['call', 'parent:', 'add'], /gave it no channel/],
    [['call', 'memory:x', 'add'], /use local:x/],
    [['call', 'local:x', 'add', '12345678901234567890'], /more digits than a number keeps/],
    [['call', 'local:x', 'greet', '--named', 'Ada'], /write NAME=VALUE/],
    [['call', 'local:x', 'add', '1', '--json-args', '[1]'], /not both/],
    [['call', 'tls://127.0.0.1:1', 'add', '--cert', 'x.pem'], /--cert and --key go together/],
    [['call', 'tls://127.0.0.1:1', 'add', '--ca', 'none.pem'], /file of --ca cannot be read/],
    [['notify', 'local:x'], /missing required argument 'METHOD'/],
    [['notify', 'local:x', 'f', '--delivery', 'later'], /written, received, handled/],
    [['describe'], /missing required argument 'ADDRESS'/],
    [['describe', 'local:x', 'extra'], /too many arguments/],
    [['send', 'local:x'], /missing required argument 'MESSAGES'/],
    [['send', 'local:x', 'y', '--wait-reply=two'], /Write a whole number/],
    [['listen'], /missing required argument 'ADDRESS'/],
    [['listen', 'inbox'], /write local:inbox/],
    [['listen', 'memory:x'], /use local:x/],
    [['listen', 'stdio:'], /stdio: /],
    [['listen', 'tcp://0.0.0.0:0'], /here: --allow-anyone, or tls: with --ca/],
    [['serve', served('math.ts')], /'--at <ADDRESS>' not specified/],
    [['serve', './none.ts', '--at', 'local:x'], /there is no file \.\/none\.ts/],
    [['serve', served('math'), '--at', 'local:x'], /did you mean .*math\.ts\?/],
    [['serve', served(''), '--at', 'local:x'], /is a directory/],
    [['serve', served('data.ts'), '--at', 'local:x'], /offers no functions/],
    [
      ['serve', served('nested.ts'), '--at', 'local:x', '--export', 'maths'],
      /it exports default, math, ping/,
    ],
    [
      ['serve', served('nested.ts'), '--at', 'local:x', '--export', 'ping'],
      /the export ping .* is a function/,
    ],
    [['serve', served('nested.ts'), '--at', 'math'], /write local:math/],
    [['serve', served('nested.ts'), '--at', 'memory:math'], /use local:math/],
    [['serve', served('nested.ts'), '--at', 'tcp://0.0.0.0:0'], /here: --allow-anyone, or tls: with --ca/],
    [['serve', served('nested.ts'), '--at', 'tls://127.0.0.1:0'], /give it with --cert and --key/],
    [['completion', 'tcsh'], /Allowed choices are bash, zsh, fish/],
  ];
  for (const [words, message] of wrong) {
    const { code, stdout, stderr } = await say(...words);
    assert.deepEqual(
      { code, stdout },
      { code: exitCodes.usage, stdout: '' },
      `${words.join(' ')}\n${stderr}`,
    );
    assert.match(stderr, message);
  }
});

test('a module that fails while it is loaded is told with the place and the reason', async () => {
  const { code, stdout, stderr } = await say('serve', served('broken.ts'), '--at', 'local:x');
  assert.deepEqual({ code, stdout }, { code: exitCodes.failed, stdout: '' });
  assert.match(
    stderr,
    /broken\.ts cannot be loaded, at .*broken\.ts:2:7\n {2}caused by RangeError: no disk to write to\n$/,
  );
});

test('help and version go to stdout with exit code 0', async () => {
  assert.match((await say('--version')).stdout, /^\d+\.\d+\.\d+\n$/);
  for (const words of [['--help'], ['help'], ['help', 'call'], ['call', '--help']]) {
    const { code, stdout, stderr } = await say(...words);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.match(stdout, /^Usage: kindred/);
  }
});

test('a result that cannot be written is a failure, a reader that has enough is none', async () => {
  const error = new Error('ENOSPC: no space left on device, write');
  const full = await sayTo({ stopped: { kind: 'unwritable', error } }, '--help');
  assert.deepEqual(
    [full.code, full.stderr],
    [1, `kindred: stdout cannot be written\n  caused by ${error.message}\n`],
  );
  const enough = await sayTo({ stopped: { kind: 'no reader' } }, 'call', 'local:nobody-is-here', 'add');
  assert.deepEqual([enough.code, enough.stderr], [0, '']);
});

test('every command teaches by examples and exit codes, in lines that fit', async () => {
  for (const name of createProgram(fakeTerminal().terminal).commands.map((command) => command.name())) {
    const { stdout } = await say(name, '--help');
    for (const part of [`Usage: kindred ${name}`, 'Examples:', 'Exit codes:'])
      assert.ok(stdout.includes(part), `${name}: ${part}`);
    for (const line of stdout.split('\n')) assert.ok(line.length <= 90, line);
  }
});
