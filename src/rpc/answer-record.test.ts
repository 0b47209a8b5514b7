import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KindredError } from '../base/errors.ts';
import { createTestClock } from '../testkit/clock.ts';
import { AnswerRecord } from './answer-record.ts';
import type { Identity } from './identity.ts';
import type { Peer } from './peer.ts';
import { Scope } from './scope.ts';

const scope = (identity?: Identity): Scope =>
  new Scope(
    { peer: { identity } as Peer<unknown>, freeNow: () => 0, scopeOver: () => {} },
    1,
    'work',
    undefined,
  );

/** A function that counts how often it has run. */
function counted(value: (n: number) => unknown = (n) => n): { run: () => unknown; runs: () => number } {
  let runs = 0;
  return { run: () => value(++runs), runs: () => runs };
}

describe('the record of answers', () => {
  it('runs a call once, and answers its repeats', async () => {
    const record = new AnswerRecord();
    const { run, runs } = counted();
    assert.equal(await record.once('k', 'work', scope(), run), 1);
    assert.equal(await record.once('k', 'work', scope(), run), 1);
    assert.equal(runs(), 1);
  });

  it('knows a call by its key and its method', async () => {
    const record = new AnswerRecord();
    const { run, runs } = counted();
    for (const [key, method] of [
      ['a', 'x'],
      ['a', 'y'],
      ['b', 'x'],
    ] as const)
      await record.once(key, method, scope(), run);
    assert.equal(runs(), 3);
  });

  it('gives nobody the answer to the call of another, whatever key he gives', async () => {
    const record = new AnswerRecord();
    const { run } = counted();
    const by = (name: string): Scope => scope({ secret: { name } });
    assert.equal(await record.once('k', 'work', by('ours'), run), 1);
    assert.equal(await record.once('k', 'work', by('theirs'), run), 2);
    assert.equal(await record.once('k', 'work', scope(), run), 3);
    assert.equal(await record.once('k', 'work', by('ours'), run), 1);
  });

  it('lets a repeat wait for what runs', async () => {
    const record = new AnswerRecord();
    const { promise, resolve } = Promise.withResolvers<string>();
    const { run, runs } = counted(() => promise);
    const both = [record.once('k', 'work', scope(), run), record.once('k', 'work', scope(), run)];
    resolve('done');
    assert.deepEqual(await Promise.all(both), ['done', 'done']);
    assert.equal(runs(), 1);
  });

  it('repeats what was thrown, too', async () => {
    const record = new AnswerRecord();
    const { run, runs } = counted(() => Promise.reject(new Error('no')));
    for (let i = 0; i < 2; i++)
      await assert.rejects(async () => record.once('k', 'work', scope(), run), { message: 'no' });
    assert.equal(runs(), 1);
  });

  it('forgets after its time, and the oldest where there are too many or too large ones', async () => {
    const clock = createTestClock();
    const options = { keepMs: 1000, maxAnswers: 2, maxBytes: 1000 };
    const record = new AnswerRecord(options, clock);
    const ask = async (key: string, value: unknown = key): Promise<number> => {
      const { run, runs } = counted(() => value);
      await record.once(key, 'work', scope(), run);
      await Promise.resolve();
      return runs();
    };
    assert.deepEqual([await ask('a'), await ask('b'), await ask('a')], [1, 1, 0]);
    assert.deepEqual([await ask('c'), await ask('b'), await ask('a')], [1, 0, 1], 'two at most');
    await clock.advance(1000);
    assert.deepEqual([await ask('a'), await ask('b')], [1, 1], 'too old');
    assert.deepEqual([await ask('large', 'x'.repeat(485)), await ask('b')], [1, 1], 'no room beside it');
    assert.deepEqual([await ask('huge', 'x'.repeat(501)), await ask('huge')], [1, 1], 'no room for it');
    assert.ok(record.size.bytes <= 1000);
  });

  it('forgets a call that was cancelled, also by its repeat', async () => {
    const record = new AnswerRecord();
    const first = scope();
    const again = scope();
    const { promise, reject } = Promise.withResolvers<never>();
    first.onCancel((reason) => reject(reason));
    const { run, runs } = counted((n) => (n === 1 ? promise : n));
    const both = [record.once('k', 'work', first, run), record.once('k', 'work', again, run)];
    again.cancel(new KindredError('ERR_CANCELLED', 'enough'));
    for (const one of both) await assert.rejects(async () => one, { code: 'ERR_CANCELLED' });
    assert.equal(await record.once('k', 'work', scope(), run), 2);
    assert.equal(runs(), 2);
  });

  it('does not keep what cannot be given twice', async () => {
    const record = new AnswerRecord();
    const { run, runs } = counted(() => ({ items: (async function* () {})() }));
    const both = [record.once('k', 'work', scope(), run), record.once('k', 'work', scope(), run)];
    await Promise.all(both);
    assert.equal(runs(), 2);
    assert.deepEqual(record.size, { running: 0, answers: 0, bytes: 0 });
  });
});
