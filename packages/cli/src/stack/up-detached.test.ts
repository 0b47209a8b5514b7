// `kindred up --detach` and what follows, with real processes: nothing is left when it has ended.
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { talker, useOwnStack } from '../../../../test/programs/own-stack.ts';

const { leftovers, run, write } = useOwnStack();

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
    assert.match(
      (await run('upgrade')).stderr,
      /^brain \d+ has taken over; the keeper stays until kindred down\n$/,
    );
    assert.match((await run('ps')).stdout, /^third +1 +\d+ +ready/m);

    assert.equal((await run('down')).code, 0);
    assert.deepEqual(leftovers(), []);
  });

  it('is refused where the stack runs already, and where its config is wrong', async () => {
    write({ first: talker('one') });
    assert.equal((await run('up', '--detach')).code, 0);
    const again = await run('up', '--detach');
    assert.equal(again.code, 1);
    assert.match(
      again.stderr,
      /^kindred: \S+ runs already, kept by process \d+: kindred apply .* kindred down/,
    );

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
