/** A program that `run` has started ends when its outermost function has settled, and says how in its exit code. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startProgram } from '../suites/program.ts';
import { within } from './fixtures/deadline.ts';

const program = new URL('./fixtures/runs.ts', import.meta.url);

interface Ended {
  how: number | NodeJS.Signals;
  bytes: number;
  stdout: string;
  stderr: string;
}

/** `chunkMs`: how long its reader takes over each 64 KiB. */
async function play(args: string[], { chunkMs = 0 } = {}): Promise<Ended> {
  const { child, exited } = startProgram(program, args, { stdio: ['pipe', 'pipe', 'pipe'], lines: false });
  const stderr = child.stderr?.setEncoding('utf8').toArray() as Promise<string[]>;
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout ?? []) {
    chunks.push(chunk as Buffer);
    if (chunkMs > 0) await wait(chunkMs);
  }
  const stdout = Buffer.concat(chunks);
  return {
    how: await within('it ends', exited),
    bytes: stdout.length,
    stdout: stdout.length > 1000 ? '' : stdout.toString(),
    stderr: (await stderr).join(''),
  };
}

it('the number that main returns is the exit code', async () => {
  assert.equal((await play(['counts its arguments', 'one', 'two'])).how, 2);
});

it('a million bytes reach a reader who takes his time', async () => {
  const { how, bytes, stderr } = await play(['prints a million'], { chunkMs: 20 });
  assert.deepEqual({ how, bytes, stderr }, { how: 0, bytes: 1_000_000, stderr: '' });
});

it('a reader who takes something now and then is waited for, however long all of it takes', async () => {
  const { how, bytes, stderr } = await play(['prints eight million in one piece'], { chunkMs: 20 });
  assert.deepEqual({ how, bytes, stderr }, { how: 0, bytes: 8_000_000, stderr: '' });
});

for (const way of ['prints a million, then throws', 'prints a million, then breaks'])
  it(`what was printed arrives although it ${way}`, async () => {
    const { how, bytes, stderr } = await play([way], { chunkMs: 20 });
    assert.deepEqual({ how, bytes }, { how: 1, bytes: 1_000_000 });
    assert.match(stderr, /TypeError: a fault\n {4}at /);
  });

it('a reader who has enough ends it with 0', async () => {
  const { child, exited } = startProgram(program, ['prints a million'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    lines: false,
  });
  const stderr = child.stderr?.setEncoding('utf8').toArray() as Promise<string[]>;
  child.stdout?.once('data', () => child.stdout?.destroy());
  assert.equal(await within('it ends', exited), 0);
  assert.deepEqual(await stderr, []);
});

it('what is still open does not keep it, and what is to be put away is', async () => {
  const { how, stdout } = await play(['leaves a server open']);
  assert.deepEqual({ how, stdout }, { how: 0, stdout: 'put away\n' });
});

it('an expected error is told by its message alone', async () => {
  const missing = await play(['has no input']);
  assert.deepEqual([missing.how, missing.stderr], [66, 'there is no orders.csv\n']);
  const wrong = await play(['reads options', '--nothing']);
  assert.equal(wrong.how, 64);
  assert.match(wrong.stderr, /^Unknown option '--nothing'.*\n$/);
});

it('a main that never settles, with nothing left to do, is a failure and no success', async () => {
  const { how, stderr } = await play(['never settles']);
  assert.equal(how, 70);
  assert.match(stderr, /main has not settled/);
});
