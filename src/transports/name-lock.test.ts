import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { startProgram } from '../../test/suites/program.ts';
import { withLock } from './name-lock.ts';

const program = new URL('../../test/programs/lock-holder.ts', import.meta.url);
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kindred-lock-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('one at a time holds the lock of a name; others do not wait for it', async () => {
  let holders = 0;
  const order: number[] = [];
  const hold = async (index: number) => {
    assert.equal(++holders, 1);
    await new Promise((resolve) => setImmediate(resolve));
    order.push(index);
    holders--;
  };
  await Promise.all(Array.from({ length: 12 }, (_, index) => withLock(directory, 'name', () => hold(index))));
  assert.deepEqual(
    order.sort((a, b) => a - b),
    [...Array(12).keys()],
  );
  const inside = await withLock(directory, 'name', () =>
    withLock(directory, 'other name', () => 'both', { timeoutMs: 0 }),
  );
  assert.equal(inside, 'both');
});

test("the secret behind it is made once, and is its owner's alone", async () => {
  await Promise.all(Array.from({ length: 8 }, () => withLock(directory, 'name', () => undefined)));
  assert.deepEqual(readdirSync(directory), ['.secret']);
  assert.equal(statSync(join(directory, '.secret')).mode & 0o777, 0o600);
  assert.equal(statSync(join(directory, '.secret')).size, 32);
});

test('work that throws gives the lock back', async () => {
  const failing = withLock(directory, 'name', () => {
    throw new Error('in the middle');
  });
  await assert.rejects(failing, /in the middle/);
  assert.equal(await withLock(directory, 'name', () => 'free', { timeoutMs: 0 }), 'free');
});

test('a lock that is not free in time is ERR_TIMEOUT, naming it', async () => {
  await withLock(directory, 'name', () =>
    assert.rejects(
      withLock(directory, 'name', () => 'never', { timeoutMs: 30 }),
      { code: 'ERR_TIMEOUT', message: /"name" in .* was not free within 30 ms/ },
    ),
  );
});

test('the kernel gives back the lock of a process that was killed; of a stopped one it does not', {
  timeout: 30_000,
}, async () => {
  const holder = startProgram(program, [directory, 'name']);
  assert.equal(await holder.line(), 'held');
  holder.child.kill('SIGSTOP');
  await assert.rejects(
    withLock(directory, 'name', () => 'never', { timeoutMs: 50 }),
    { code: 'ERR_TIMEOUT' },
  );
  const waiting = withLock(directory, 'name', () => 'mine', { timeoutMs: 20_000 });
  assert.equal(await holder.kill('SIGKILL'), 'SIGKILL');
  assert.equal(await waiting, 'mine');
});
