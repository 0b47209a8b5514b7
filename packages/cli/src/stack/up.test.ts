// `kindred up` in the foreground, with real processes: its ends, and what it shows.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { talker, useOwnStack } from '../../../../test/programs/own-stack.ts';

const { leftovers, run, start, write } = useOwnStack();

/** One that does not care about SIGTERM. */
const deaf = {
  run: ['/bin/sh', '-c', 'trap "" TERM; echo deaf; while :; do sleep 1; done'],
  stop: { graceMs: 60_000 },
};

describe('up in the foreground', () => {
  it('shows logs and events, and ends in good order by SIGTERM', async () => {
    write({ first: talker('hello'), second: { ...talker('two'), needs: ['first'] } });
    const started = start(['up']);
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
    const started = start(['up']);
    await started.sees('stderr', /first up\n/);
    assert.equal((await run('down')).code, 0);
    const { code, stderr } = await started.ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /mine has ended\n$/);
    assert.deepEqual(leftovers(), []);
  });

  it('ends at once by a second signal, also what does not care about the first', async () => {
    write({ deaf });
    const started = start(['up']);
    await started.sees('stdout', /\| deaf\n/);
    started.child.kill('SIGINT');
    await started.sees('stdout', /deaf\.1 \* is told to end by SIGTERM\n/);
    started.child.kill('SIGINT');
    assert.equal((await started.ended).code, 130);
    await gone();
  });

  it('ends with 1 where its keeper was killed, and the next up cleans up', async () => {
    write({ first: talker('hello') });
    const started = start(['up']);
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

  it('leaves nothing that down does not end where its keeper was killed, also what lives on', async () => {
    write({ first: { ...talker('hello'), onParentDeath: 'survive' } });
    assert.equal((await run('up', '--detach')).code, 0);
    const { keeper, instances } = JSON.parse((await run('ps', '--json')).stdout);
    process.kill(keeper.pid, 'SIGKILL');
    assert.equal((await run('ps')).code, 3);
    assert.ok(leftovers().includes(String(instances[0].pid)), 'what was to live on has ended');
    const { code, stderr } = await run('down');
    assert.equal(code, 0, stderr);
    assert.match(stderr, /what was left of mine, whose keeper was killed, has ended\n$/);
    assert.equal((await run('down')).code, 3);
    assert.deepEqual(leftovers(), []);
  });

  it('goes on showing logs and events when the brain was killed, and misses none', async () => {
    const counter = { run: ['/bin/sh', '-c', 'n=0; while :; do n=$((n+1)); echo line $n; sleep 0.1; done'] };
    write({ counter });
    const started = start(['up']);
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
});

/** Resolves when nothing is left; the test's own deadline bounds it. */
async function gone(): Promise<void> {
  while (leftovers().length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}
