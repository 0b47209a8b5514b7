import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unless } from './unless.ts';

const never = (): Promise<never> => new Promise(() => {});
const reason = (): Error => new Error('given up');

test('work is given up when the signal fires, and where it had fired before', async () => {
  const controller = new AbortController();
  const work = unless(controller.signal, never(), reason);
  controller.abort();
  await assert.rejects(work, /given up/);
  await assert.rejects(unless(controller.signal, never(), reason), /given up/);
});

test('work that is done before keeps its result or its error', async () => {
  const { signal } = new AbortController();
  assert.equal(await unless(signal, Promise.resolve(5), reason), 5);
  await assert.rejects(unless(signal, Promise.reject(new Error('own')), reason), /own/);
  assert.equal(await unless(undefined, Promise.resolve(5), reason), 5);
});
