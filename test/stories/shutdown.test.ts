/** A process that is told to end, or breaks, puts away what it has begun; and it ends, whatever hangs. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type Program, startProgram } from '../suites/program.ts';
import { within } from './fixtures/deadline.ts';

const program = new URL('./fixtures/puts-away.ts', import.meta.url);

interface Playing extends Program {
  /** Waits for these lines, and for no other. */
  says(...lines: string[]): Promise<void>;
  order(line: string): void;
  /** Its exit code or signal, and all that it has said on stderr. */
  ended(): Promise<{ how: number | NodeJS.Signals; stderr: string }>;
}

async function play(...args: string[]): Promise<Playing> {
  const started = startProgram(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const said = started.child.stderr?.setEncoding('utf8').toArray() as Promise<string[]>;
  // A test may stop reading.
  const stderr = said.catch(() => []);
  const playing: Playing = {
    ...started,
    async says(...lines) {
      for (const line of lines) assert.equal(await within(line, started.line()), line);
    },
    order: (line) => void started.child.stdin?.write(`${line}\n`),
    ended: async () => ({
      how: await within('it ends', started.exited),
      stderr: (await stderr).join(''),
    }),
  };
  await playing.says('up');
  return playing;
}

describe('a program with shutdown handlers', () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    it(`puts away what it has begun on ${signal}, and exits with 0`, async () => {
      const player = await play('puts away');
      player.child.kill(signal);
      await player.says('last, for signal', 'done', 'first');
      assert.deepEqual(await player.ended(), { how: 0, stderr: '' });
    });

  it('keeps its exit code', async () => {
    const player = await play('puts away');
    player.order('exit code 3');
    await player.says('heard');
    player.child.kill('SIGTERM');
    assert.equal((await player.ended()).how, 3);
  });

  it('puts away when nothing is left to do', async () => {
    const player = await play('puts away');
    player.child.stdin?.end();
    await player.says('last, for end', 'done', 'first');
    assert.deepEqual(await player.ended(), { how: 0, stderr: '' });
  });

  for (const [order, kind] of [
    ['throw', 'uncaughtException'],
    ['reject', 'unhandledRejection'],
  ] as const)
    it(`puts away over an ${kind}, says all of it, and exits with 1`, async () => {
      const player = await play('puts away');
      player.order(order);
      if (order === 'reject') await player.says('heard');
      await player.says(`last, for ${kind}`, 'done', 'first');
      const { how, stderr } = await player.ended();
      assert.equal(how, 1);
      assert.match(stderr, /Error: in the midst\n {4}at .*puts-away\.ts[\s\S]*\[cause\]: 'a cause'/);
    });

  it('ends at once over a second signal, with 128 + its number', async () => {
    for (const [signal, code] of [
      ['SIGTERM', 143],
      ['SIGHUP', 129],
    ] as const) {
      const player = await play('hangs');
      player.child.kill('SIGTERM');
      await player.says('hangs');
      player.child.kill(signal);
      assert.equal((await player.ended()).how, code);
    }
  });

  it('ends at the deadline although a handler hangs, and names it', async () => {
    const player = await play('hangs', '200');
    player.child.kill('SIGTERM');
    const { how, stderr } = await player.ended();
    assert.equal(how, 143);
    assert.match(stderr, /handler the hanging one has not finished within 200 ms/);
  });

  it('runs the other handlers where one throws, says why, and exits with 1', async () => {
    const player = await play('throws');
    player.child.kill('SIGTERM');
    await player.says('first');
    const { how, stderr } = await player.ended();
    assert.equal(how, 1);
    assert.match(stderr, /it cannot be put away/);
  });

  it('gets its last words out to a slow reader', async () => {
    const started = startProgram(program, ['prints'], { lines: false });
    const stdout = started.child.stdout;
    assert.ok(stdout);
    let bytes = 0;
    for await (const chunk of stdout) {
      if (bytes === 0) started.child.kill('SIGTERM');
      bytes += (chunk as Buffer).length;
      await wait(5);
    }
    assert.equal(bytes, 'up\n'.length + 1_000_001 + 'first\n'.length);
    assert.equal(await within('it ends', started.exited), 0);
  });

  it('ends over an exception although nobody reads its output any more', async () => {
    const player = await play('puts away');
    player.child.stdout?.destroy();
    player.child.stderr?.destroy();
    player.order('throw');
    assert.equal(await within('it ends', player.exited), 1);
  });

  it('is ended by the signal when the last handler was taken back', async () => {
    const started = startProgram(new URL('./fixtures/takes-back.ts', import.meta.url));
    assert.equal(await started.line(), 'up');
    assert.equal(await within('it ends', started.kill('SIGTERM')), 'SIGTERM');
  });
});
