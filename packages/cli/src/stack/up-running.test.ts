// What a stack in the foreground does while it runs, with real processes: reload by SIGHUP, --watch, systemd.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from 'node:test';
import { talker, useOwnStack } from '../../../../test/programs/own-stack.ts';

const { folder, leftovers, run, start, write } = useOwnStack();

describe('a stack in the foreground', () => {
  it('starts no service with a schedule before its time', async () => {
    write({ first: talker('hello'), nightly: { ...talker('too early'), schedule: '0 0 1 1 *' } });
    const started = start(['up']);
    await started.sees('stderr', /first, nightly up\n/);
    assert.match((await run('ps')).stdout, /^nightly +1 +- +waiting \d+d/m);
    started.child.kill('SIGTERM');
    const { stdout } = await started.ended;
    assert.ok(!stdout.includes('too early'));
  });

  it('makes the stack what the config says by SIGHUP, and reloads the rest', async () => {
    const quick = { reload: { healthyMs: 1 } };
    write({ first: { ...talker('hello'), ...quick } });
    const started = start(['up']);
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
    const started = start(['up', '--watch']);
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
    const started = start(['up'], systemd);
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
