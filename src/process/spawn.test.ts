import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  chmodSync,
  createWriteStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, describe, it } from 'node:test';
import { extendEnv } from './environment.ts';
import { fork, spawn } from './spawn.ts';

const node = process.execPath;
const dir = mkdtempSync(join(tmpdir(), 'spawn-test-'));
after(() => rmSync(dir, { recursive: true, force: true }));

/** A Node.js program in a line. */
const says = (script: string): [string, string[]] => [node, ['-e', script]];

describe('the outcome of a child', () => {
  it('tells its exit code, what it wrote, and when', async () => {
    const [command, args] = says("console.log('out'); console.error('err'); process.exitCode = 3");
    const child = spawn(command, args);
    const outcome = await child.outcome();
    assert.deepEqual(
      [outcome.exitCode, outcome.signal, outcome.stdout, outcome.stderr, outcome.ok],
      [3, null, 'out\n', 'err\n', false],
    );
    assert.deepEqual([...outcome.all].sort(), [...'out\nerr\n'].sort());
    assert.deepEqual(
      [outcome.pid, outcome.timedOut, outcome.cancelled, outcome.truncated],
      [child.pid, false, false, false],
    );
    assert.ok(outcome.durationMs > 0);
  });

  it('is bytes where that is asked', async () => {
    const [command, args] = says('process.stdout.write(Buffer.from([0xff, 0, 0xfe]))');
    const { stdout } = await spawn(command, args).outcome({ encoding: 'buffer' });
    assert.deepEqual([...stdout], [0xff, 0, 0xfe]);
  });

  it('is itself where all went well, and throws what it was and the end of stderr where not', async () => {
    const well = await spawn('true').outcome();
    assert.equal(well.orThrow(), well);
    const [command, args] = says("console.error('x'.repeat(10_000) + 'the reason'); process.exitCode = 7");
    const badly = await spawn(command, args, { name: 'the program' }).outcome();
    assert.throws(
      () => badly.orThrow(),
      (error: Error & { code: string; data: unknown }) => {
        assert.equal(error.code, 'ERR_CHILD_FAILED');
        assert.match(error.message, /^the program ended with exit code 7:\nx+the reason$/);
        assert.ok(error.message.length < 3000);
        assert.equal(error.data, badly);
        return true;
      },
    );
  });

  it('tells the signal that ended it', async () => {
    const child = spawn('sleep', ['1000']);
    child.kill('SIGUSR1');
    const outcome = await child.outcome();
    assert.deepEqual([outcome.exitCode, outcome.signal], [null, 'SIGUSR1']);
    assert.throws(() => outcome.orThrow(), /sleep 1000 was ended by SIGUSR1/);
  });

  it('keeps maxBuffer bytes of stdout and of stderr apart, and ends whoever writes more', async () => {
    const [command, args] = says(
      "process.stderr.write('é'.repeat(4)); setInterval(() => process.stdout.write('é'.repeat(100)), 1)",
    );
    const outcome = await spawn(command, args).outcome({ maxBuffer: 9 });
    assert.equal(outcome.truncated, true);
    assert.equal(outcome.stderr, 'é'.repeat(4));
    assert.equal(Buffer.byteLength(outcome.stdout.slice(0, 4)), 8);
    assert.throws(() => outcome.orThrow(), { code: 'ERR_LIMIT' });
  });

  it('comes although a process of its own making holds its streams open', async () => {
    // The background process has the same stdout, and outlives the shell.
    const outcome = await spawn('sh', ['-c', 'sleep 1000 & echo $!']).outcome();
    assert.equal(outcome.exitCode, 0);
    const pid = Number(outcome.stdout);
    assert.ok(pid > 0);
    process.kill(pid, 'SIGKILL');
  });

  it('tells that its time had run out', async () => {
    const outcome = await spawn('sleep', ['1000'], { timeout: 50 }).outcome();
    assert.deepEqual([outcome.timedOut, outcome.cancelled, outcome.signal], [true, false, 'SIGTERM']);
    assert.throws(() => outcome.orThrow(), { code: 'ERR_TIMEOUT' });
  });

  it('comes also of a child that takes no SIGTERM', async () => {
    const [command, args] = says(
      "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)",
    );
    const controller = new AbortController();
    const child = spawn(command, args, { signal: controller.signal, graceMs: 100 });
    const outcome = child.outcome();
    await once(child.stdout, 'data');
    controller.abort();
    const { cancelled, signal, stdout } = await outcome;
    assert.deepEqual([cancelled, signal, stdout], [true, 'SIGKILL', 'up\n']);
  });

  it('tells that its signal had fired', async () => {
    const controller = new AbortController();
    const child = spawn('sleep', ['1000'], { signal: controller.signal });
    const outcome = child.outcome();
    controller.abort();
    const { cancelled, timedOut, signal } = await outcome;
    assert.deepEqual([cancelled, timedOut, signal], [true, false, 'SIGTERM']);
    const never = await spawn('sleep', ['1000'], { signal: AbortSignal.abort() }).outcome();
    assert.equal(never.cancelled, true);
  });
});

describe('a child that breaks a bound', () => {
  const deaf =
    "process.on('SIGTERM', () => console.log('asked')); console.log('up'); setInterval(() => {}, 1000);";

  it('is asked once', async () => {
    const controller = new AbortController();
    const [command, args] = says(`process.once('SIGTERM', () => setTimeout(process.exit, 200)); ${deaf}`);
    const child = spawn(command, args, { signal: controller.signal });
    const outcome = child.outcome();
    child.stdout.once('data', () => controller.abort());
    const { stdout, exitCode } = await outcome;
    assert.deepEqual([stdout, exitCode], ['up\nasked\n', 0]);
  });

  it('is killed also where it writes too much, and takes no SIGTERM', async () => {
    const [command, args] = says(`${deaf} setInterval(() => process.stdout.write('x'.repeat(1000)), 1)`);
    const { truncated, signal } = await spawn(command, args, { graceMs: 100 }).outcome({ maxBuffer: 5000 });
    assert.deepEqual([truncated, signal], [true, 'SIGKILL']);
  });
});

describe('a program that cannot be started', () => {
  const fails = (child: ReturnType<typeof spawn>, code: string, message: RegExp) =>
    assert.rejects(child.exited, { code, message, outcome: 'not-sent' });

  it('is told by what can be mended', async () => {
    const plain = join(dir, 'plain');
    writeFileSync(plain, 'echo');
    const orphan = join(dir, 'orphan');
    writeFileSync(orphan, '#!/no/such/interpreter\n');
    chmodSync(orphan, 0o755);
    await fails(spawn('no-such-program'), 'ERR_COMMAND_NOT_FOUND', /there is no no-such-program on the PATH/);
    await fails(spawn('/no/such/program'), 'ERR_COMMAND_NOT_FOUND', /there is no file \/no\/such\/program/);
    await fails(spawn(orphan), 'ERR_COMMAND_NOT_FOUND', /the #! line of .*orphan names is not there/);
    await fails(spawn(plain), 'ERR_NOT_EXECUTABLE', /chmod \+x/);
    await fails(spawn('true', [], { cwd: join(dir, 'nowhere') }), 'ERR_BAD_CWD', /nowhere does not exist/);
    await fails(spawn('true', [], { cwd: plain }), 'ERR_BAD_CWD', /plain is no directory/);
    await fails(spawn('true', ['x'.repeat(4_000_000)]), 'ERR_ARGUMENTS_TOO_LONG', /through stdin or a file/);
  });

  it('fails its outcome likewise, and nothing else', async () => {
    await assert.rejects(spawn('no-such-program').outcome(), { code: 'ERR_COMMAND_NOT_FOUND' });
    await assert.rejects(spawn('true', ['x'.repeat(4_000_000)]).outcome(), {
      code: 'ERR_ARGUMENTS_TOO_LONG',
    });
    const child = spawn('no-such-program');
    const [error] = await once(child, 'error');
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOENT');
  });
});

describe('stdio', () => {
  const refuses = (stdio: unknown, message: RegExp) =>
    assert.throws(() => spawn('true', [], { stdio: stdio as never }), { code: 'ERR_BAD_ARGUMENT', message });

  it('refuses what cannot be a descriptor before anything starts', () => {
    refuses(['pipe', createServer()], /stdio\[1\] is a server/);
    refuses(['pipe', 'pipe', 'pump'], /stdio\[2\] is "pump"/);
    refuses(['pipe', -1], /stdio\[1\] is -1/);
    refuses([new Readable()], /stdio\[0\] is a stream without a descriptor/);
    const unopened = createWriteStream(join(dir, 'unopened'));
    refuses(['pipe', unopened], /stdio\[1\] is a file stream that is not open yet/);
    unopened.destroy();
    refuses(
      [{ path: join(dir, 'nothing here') }],
      /stdio\[0\] is the file .*nothing here, which cannot be opened/,
    );
  });

  it('opens files by their path, with a mode, and leaves none open here', async () => {
    const log = join(dir, 'log');
    const input = join(dir, 'input');
    writeFileSync(input, 'from a file');
    for (let i = 0; i < 2; i++) {
      const child = spawn('cat', [], { stdio: [{ path: input }, { path: log, mode: 0o600 }, 'inherit'] });
      assert.equal(child.stdout, null);
      await child.exited;
    }
    assert.equal(readFileSync(log, 'utf8'), 'from a filefrom a file');
    assert.equal(statSync(log).mode & 0o777, 0o600);
    for (const file of [input, log]) assert.ok(!isOpenHere(file));
  });

  it('has further descriptors in both directions', async () => {
    const script =
      "const s = new (require('net').Socket)({ fd: 3 }); s.on('data', (d) => s.end(String(d).toUpperCase()))";
    const child = spawn(...says(script), { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
    child.stdio[3].write('there and back');
    const [answer] = await once(child.stdio[3], 'data');
    assert.equal(String(answer), 'THERE AND BACK');
    await child.exited;
  });

  it('joins two programs', async () => {
    const echo = spawn('printf', ['one\\ntwo\\nthree\\n']);
    const grep = spawn('grep', ['t']);
    echo.stdout.pipe(grep.stdin);
    assert.equal((await grep.outcome()).stdout, 'two\nthree\n');
  });
});

describe('what a child is given', () => {
  it('is the environment that is named, and no more', async () => {
    const [command, args] = says('console.log(JSON.stringify(process.env))');
    const exact = await spawn(command, args, { env: { ONLY: 'this' } }).outcome();
    const { __CF_USER_TEXT_ENCODING: _ofMacOS, ...seen } = JSON.parse(exact.stdout);
    assert.deepEqual(seen, { ONLY: 'this' });
    const extended = await spawn(command, args, {
      env: extendEnv({ MORE: 'that', HOME: undefined }),
    }).outcome();
    const { MORE, HOME, PATH } = JSON.parse(extended.stdout);
    assert.deepEqual([MORE, HOME, PATH], ['that', undefined, process.env['PATH']]);
  });

  it('are arguments that no shell reads', async () => {
    const hostile = '$(touch nothing); `echo` "\'*';
    assert.equal((await spawn('printf', ['%s', hostile]).outcome()).stdout, hostile);
    assert.throws(() => spawn('echo', [hostile], { shell: true }), {
      code: 'ERR_BAD_ARGUMENT',
      message: /would become its syntax/,
    });
    const line = await spawn('echo "$WHAT" | tr a-z A-Z', {
      shell: true,
      env: extendEnv({ WHAT: hostile }),
    }).outcome();
    assert.equal(line.stdout.trim(), hostile.toUpperCase());
  });

  it('is input, as text, bytes or a stream, also where it is not read', async () => {
    for (const input of ['text', Buffer.from('text'), Readable.from(['te', 'xt'])])
      assert.equal((await spawn('cat', [], { input }).outcome()).stdout, 'text');
    const outcome = await spawn('true', [], { input: 'x'.repeat(10_000_000) }).outcome();
    assert.equal(outcome.exitCode, 0);
  });
});

describe('lines of a child', () => {
  it('come one by one, whole, without their ends', async () => {
    const [command, args] = says(
      "process.stdout.write('one\\r\\ntwo é'); setTimeout(() => process.stdout.write(' more\\n\\nlast'), 50)",
    );
    const lines: string[] = [];
    for await (const line of spawn(command, args).lines()) lines.push(line);
    assert.deepEqual(lines, ['one', 'two é more', '', 'last']);
  });

  it('are not lost where the child ends first', async () => {
    const child = spawn('printf', ['a\\nb\\n']);
    const lines = child.lines();
    await child.exited;
    await new Promise((resolve) => setImmediate(resolve));
    const heard: string[] = [];
    for await (const line of lines) heard.push(line);
    assert.deepEqual(heard, ['a', 'b']);
  });

  it('hold a child back whose reader is slow, and end it where the reader turns away', async () => {
    const child = spawn('yes');
    for await (const line of child.lines()) {
      assert.equal(line, 'y');
      break;
    }
    // By SIGPIPE, or by the error that it says instead.
    assert.notEqual((await child.exited).exitCode, 0);
  });

  it('are refused above their bound, and where nothing is piped', async () => {
    const endless = spawn(...says("setInterval(() => process.stdout.write('x'.repeat(1000)), 1)"));
    await assert.rejects(
      async () => {
        for await (const line of endless.lines({ maxLineBytes: 5000 })) assert.fail(line);
      },
      { code: 'ERR_LIMIT' },
    );
    await endless.terminate();
    const quiet = spawn('true', [], { stdio: 'ignore' });
    assert.throws(() => quiet.lines(), { code: 'ERR_BAD_ARGUMENT' });
    await quiet.exited;
  });
});

describe('a forked module', () => {
  const file = join(dir, 'forked.cjs');
  writeFileSync(
    file,
    "process.on('message', (m) => { process.send({ heard: m, args: process.argv.slice(2) }); if (m === 'bye') process.disconnect(); });",
  );

  it('talks over the IPC channel, as with Node.js', async () => {
    const child = fork(file, ['an argument']);
    assert.equal(child.connected, true);
    child.send('hello');
    const [answer] = await once(child, 'message');
    assert.deepEqual(answer, { heard: 'hello', args: ['an argument'] });
    child.send('bye');
    await once(child, 'disconnect');
    assert.equal(child.connected, false);
    assert.deepEqual(await child.exited, { exitCode: 0, signal: null });
  });

  it('is not sent what Node.js would swallow', async () => {
    const child = fork(file);
    assert.throws(() => child.send({ cmd: 'NODE_ANYTHING' }), { code: 'ERR_RESERVED_MESSAGE' });
    child.disconnect();
    await child.exited;
  });

  it('runs instead of the code that its parent was given', async () => {
    const shown = join(dir, 'shown.cjs');
    writeFileSync(shown, 'process.send(process.execArgv); process.disconnect();');
    for (const [flag, code] of [
      ['-e', ''],
      ['--print', ';0'],
    ] as const) {
      // Whose child runs this again is caught here, and not by its own child.
      const script = `if (process.env.AGAIN) throw new Error('again');
        import(${JSON.stringify(new URL('./spawn.ts', import.meta.url).href)}).then(({ fork }) =>
          fork(${JSON.stringify(shown)}, { env: { AGAIN: 'yes' } }).on('message', (flags) => console.log(String(flags))))${code}`;
      const flags = ['--stack-trace-limit=9', '--input-type=commonjs', flag, script];
      const { stdout, stderr } = await spawn(node, flags).outcome();
      assert.match(stdout, /^--stack-trace-limit=9\n(0\n)?$/, stderr);
    }
  });

  it('is heard where it is silent to the terminal', async () => {
    const loud = join(dir, 'loud.cjs');
    writeFileSync(loud, "console.log('loud'); process.disconnect?.();");
    assert.equal((await fork(loud, { silent: true }).outcome()).stdout, 'loud\n');
  });
});

/** Whether this process holds it open, as far as the system tells. */
function isOpenHere(file: string): boolean {
  if (!existsSync('/proc/self/fd')) return false;
  return readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === file;
    } catch {
      // That of the listing itself.
      return false;
    }
  });
}
