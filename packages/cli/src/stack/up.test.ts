// `kindred up` and what follows, with real processes: nothing is left when it has ended.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { type Ran, type Started, useKindredCommand } from '../../../../test/programs/kindred-command.ts';

// Each command starts five processes of Node.js, and more.
const command = useKindredCommand({ deadlineMs: 120_000 });
const folder = mkdtempSync(join(tmpdir(), 'kindred-up-'));
const runtime = join(folder, 'run');
const config = join(folder, 'kindred.config.json');
const env = { KINDRED_RUNTIME_DIR: runtime, XDG_STATE_HOME: join(folder, 'state') };

/** A service that says something, and waits. */
const talker = (text: string): object => ({ run: ['/bin/sh', '-c', `echo ${text}; exec sleep 1000`] });
/** One that does not care about SIGTERM. */
const deaf = {
  run: ['/bin/sh', '-c', 'trap "" TERM; echo deaf; while :; do sleep 1; done'],
  stop: { graceMs: 60_000 },
};

function write(services: Record<string, object>): void {
  writeFileSync(config, JSON.stringify({ name: 'mine', services }));
}
const run = (...words: string[]): Promise<Ran> => command.run([...words, '--config', config], { env });
const start = (...words: string[]): Started => command.start([...words, '--config', config], { env });

/** Files of the runtime directory, and processes of the stack, that are there still. */
function leftovers(): string[] {
  const files = readdirSync(runtime).filter((name) => name !== '.secret');
  const processes =
    process.platform === 'linux'
      ? readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && isOurs(pid))
      : [];
  return [...files, ...processes];
}

function isOurs(pid: string): boolean {
  try {
    const isZombie = /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return !isZombie && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder);
  } catch {
    return false;
  }
}

after(() => rmSync(folder, { recursive: true, force: true }));

describe('up --detach', () => {
  afterEach(async () => {
    await run('down');
  });

  it('ends when all is ready; then every verb reaches the stack, and down leaves nothing', async () => {
    write({ first: talker('one'), second: { ...talker('two'), needs: ['first'], instances: 2 } });
    const { code, stdout, stderr } = await run('up', '--detach');
    assert.deepEqual([code, stdout], [0, ''], stderr);
    assert.match(stderr, /first, second up\n$/);

    const status = JSON.parse((await run('ps', '--json')).stdout);
    assert.deepEqual(
      status.instances.map((each: { service: string; state: string }) => `${each.service} ${each.state}`),
      ['first ready', 'second ready', 'second ready'],
    );
    assert.match((await run('logs', 'first')).stdout, / first\.1 \| one\n/);
    assert.match((await run('restart', 'first')).stderr, /first up\n$/);
    assert.equal((await run('scale', 'second', '1')).code, 0);
    assert.match((await run('why', 'first')).stdout, /first\.1 is ready/);

    write({ first: talker('one'), third: talker('three') });
    assert.match(
      (await run('plan')).stdout,
      /^- service +second\b.*\n\+ service +third\b|^\+ service +third\b.*\n- service +second\b/m,
    );
    assert.equal((await run('apply')).code, 0);
    assert.match((await run('upgrade')).stderr, /^brain \d+ has taken over; the keeper was kept\n$/);
    assert.match((await run('ps')).stdout, /^third +1 +\d+ +ready/m);

    assert.equal((await run('down')).code, 0);
    assert.deepEqual(leftovers(), []);
  });

  it('is refused where the stack runs already, and where its config is wrong', async () => {
    write({ first: talker('one') });
    assert.equal((await run('up', '--detach')).code, 0);
    const again = await run('up', '--detach');
    assert.equal(again.code, 1);
    assert.match(again.stderr, /kept by process \d+ already/);

    write({ first: { run: ['/bin/sh'], instances: 'many' } });
    const wrong = await run('plan');
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /services\.first\.instances/);
    assert.match((await run('ps')).stdout, /first +1 +\d+ +ready/, 'a config that is wrong hides no stack');
  });

  it('ends with 1 where a service fails, and what can run does', async () => {
    const bad = {
      run: ['/bin/sh', '-c', 'exit 3'],
      restart: { firstMs: 1, maxMs: 1, intensity: { restarts: 1, withinMs: 10_000 } },
      ready: { output: 'never' },
    };
    write({ good: talker('good'), bad });
    const { code, stderr } = await run('up', '--detach');
    assert.equal(code, 1);
    assert.match(stderr, /bad\.1 failed; what can run does: kindred ps/);
    assert.match((await run('ps')).stdout, /^good +1 +\d+ +ready/m);
  });
});

describe('up in the foreground', () => {
  it('shows logs and events, and ends in good order by SIGTERM', async () => {
    write({ first: talker('hello'), second: { ...talker('two'), needs: ['first'] } });
    const started = start('up');
    await started.sees('stdout', / first\.1 +\| hello\n/);
    await started.sees('stdout', / second\.1 +\* is ready\n/);
    started.child.kill('SIGTERM');
    const { code, stdout, stderr } = await started.ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^mine goes down \(again to end at once\)$/m);
    assert.ok(stdout.indexOf('second.1 * is stopped') < stdout.indexOf('first.1  * is stopped'), stdout);
    assert.deepEqual(leftovers(), []);
  });

  it('ends with 0 where somebody else takes the stack down', async () => {
    write({ first: talker('hello') });
    const started = start('up');
    await started.sees('stderr', /first up\n/);
    assert.equal((await run('down')).code, 0);
    const { code, stderr } = await started.ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /mine has ended\n$/);
    assert.deepEqual(leftovers(), []);
  });

  it('ends at once by a second signal, also what does not care about the first', async () => {
    write({ deaf });
    const started = start('up');
    await started.sees('stdout', /\| deaf\n/);
    started.child.kill('SIGINT');
    await started.sees('stdout', /deaf\.1 \* is told to end by SIGTERM\n/);
    started.child.kill('SIGINT');
    assert.equal((await started.ended).code, 130);
    await gone();
  });

  it('ends with 1 where its keeper was killed, and the next up cleans up', async () => {
    write({ first: talker('hello') });
    const started = start('up');
    await started.sees('stderr', /first up\n/);
    const { keeper } = JSON.parse((await run('ps', '--json')).stdout);
    process.kill(keeper.pid, 'SIGKILL');
    const { code, stderr } = await started.ended;
    assert.equal(code, 1);
    assert.match(stderr, /the keeper of mine was ended by SIGKILL: the next kindred up cleans up/);
    assert.equal((await run('up', '--detach')).code, 0);
    assert.equal((await run('down')).code, 0);
    assert.deepEqual(leftovers(), []);
  });

  it('goes on showing logs and events when the brain was killed, and misses none', async () => {
    const counter = { run: ['/bin/sh', '-c', 'n=0; while :; do n=$((n+1)); echo line $n; sleep 0.1; done'] };
    write({ counter });
    const started = start('up');
    await started.sees('stderr', /counter up\n/);
    const { brain } = JSON.parse((await run('ps', '--json')).stdout);
    await started.sees('stdout', /line 5\n/);
    process.kill(brain.pid, 'SIGKILL');
    await started.sees('stdout', /counter\.1 +\* runs on with another brain\n/);
    const [, seen] = /line (\d+)\n$/.exec((await run('logs', 'counter', '--tail', '1')).stdout) ?? [];
    await started.sees('stdout', new RegExp(`line ${Number(seen) + 5}\n`));
    started.child.kill('SIGTERM');
    const { code, stdout } = await started.ended;
    assert.equal(code, 0);
    const numbers = [...stdout.matchAll(/\| line (\d+)$/gm)].map(([, number]) => Number(number));
    assert.deepEqual(
      numbers,
      Array.from(numbers, (_, i) => i + 1),
    );
    assert.deepEqual(leftovers(), []);
  });

  it('starts no service with a schedule before its time', async () => {
    write({ first: talker('hello'), nightly: { ...talker('too early'), schedule: '0 0 1 1 *' } });
    const started = start('up');
    await started.sees('stderr', /first, nightly up\n/);
    assert.match((await run('ps')).stdout, /^nightly +1 +- +waiting \d+d/m);
    started.child.kill('SIGTERM');
    const { stdout } = await started.ended;
    assert.ok(!stdout.includes('too early'));
  });

  it('makes the stack what the config says by SIGHUP, and reloads the rest', async () => {
    const quick = { reload: { healthyMs: 1 } };
    write({ first: { ...talker('hello'), ...quick } });
    const started = start('up');
    await started.sees('stderr', /first up\n/);
    write({ first: { ...talker('hello'), ...quick }, added: talker('new') });
    started.child.kill('SIGHUP');
    await started.sees('stdout', /added\.1 +\| new\n/);
    await started.sees('stderr', /first reloaded\n/);
    started.child.kill('SIGTERM');
    assert.equal((await started.ended).code, 0);
    assert.deepEqual(leftovers(), []);
  });

  it('restarts a service when its module has changed, and applies the config when that has, with --watch', async () => {
    const sources = join(folder, 'sources');
    const module = (text: string): void =>
      writeFileSync(join(sources, 'main.mjs'), `console.log('${text}'); setInterval(() => {}, 1000);`);
    mkdirSync(sources);
    module('the first text');
    write({ first: { fork: './sources/main.mjs' } });
    const started = start('up', '--watch');
    await started.sees('stdout', /\| the first text\n/);
    await started.sees('stderr', /mine: first up\n/);
    writeFileSync(join(sources, 'data.db'), 'is no code');
    module('another text');
    await started.sees('stdout', /\| another text\n/);
    write({ first: { fork: './sources/main.mjs' }, added: talker('new') });
    await started.sees('stdout', /added\.1 +\| new\n/);
    started.child.kill('SIGTERM');
    assert.equal((await started.ended).code, 0);
    assert.deepEqual(leftovers(), []);
  });

  it('tells systemd that it is ready, that it lives, and that it ends', async () => {
    const bin = join(folder, 'bin');
    const said = join(folder, 'said');
    write({ first: talker('hello') });
    mkdirSync(bin);
    writeFileSync(join(bin, 'systemd-notify'), `#!/bin/sh\necho "$NOTIFY_SOCKET $@" >> ${said}\n`);
    chmodSync(join(bin, 'systemd-notify'), 0o755);
    const systemd = {
      PATH: `${bin}${delimiter}${process.env['PATH']}`,
      NOTIFY_SOCKET: '/run/notify',
      WATCHDOG_USEC: '200000',
    };
    const started = command.start(['up', '--config', config], { env: { ...env, ...systemd } });
    await started.sees('stderr', /first up\n/);
    const words = async (wanted: RegExp): Promise<void> => {
      for (let text = ''; !wanted.test(text); ) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        text = readdirSync(folder).includes('said') ? readFileSync(said, 'utf8') : '';
      }
    };
    await words(/^\/run\/notify READY=1 STATUS=mine runs$/m);
    await words(/^\/run\/notify WATCHDOG=1$/m);
    started.child.kill('SIGTERM');
    assert.equal((await started.ended).code, 0);
    await words(/^\/run\/notify STOPPING=1$/m);
    assert.deepEqual(leftovers(), []);
  });
});

/** Resolves when nothing is left; the test's own deadline bounds it. */
async function gone(): Promise<void> {
  while (leftovers().length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}
