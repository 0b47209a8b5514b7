import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { layDescriptors } from './descriptors.ts';

const lay = (listeners: string[], ...to: ('words' | 'ready' | number)[]) =>
  layDescriptors({ id: 'a.1#1', listeners, lines: to.map((each) => ({ to: each })) });

describe('the descriptors of a process', () => {
  it('are its listeners first, then the numbers that were asked for, and the rest where there is room', () => {
    assert.deepEqual(lay(['web', 'admin'], 'words', 6, 'ready'), {
      places: [
        { listener: 'web' },
        { listener: 'admin' },
        { line: 'words' },
        { line: '6' },
        { line: 'ready' },
      ],
      env: { KINDRED_WORDS: 'fd:5', KINDRED_READY: 'fd:7' },
    });
    assert.deepEqual(lay([], 5), { places: ['ignore', 'ignore', { line: '5' }], env: {} });
    assert.deepEqual(lay([]), { places: [], env: {} });
  });

  it('are refused where a number is taken, or can be none', () => {
    assert.throws(() => lay(['web'], 3), /descriptor 3 is taken by the listener web: take 4 or more/);
    assert.throws(() => lay([], 4, 4), /descriptor 4 is taken by other lines/);
    assert.throws(() => lay([], 'words', 'words'), /lines to words are asked for twice/);
    for (const to of [0, 2, 1.5, -1, 256, Number.NaN])
      assert.throws(() => lay([], to), { code: 'ERR_BAD_ARGUMENT', message: /cannot lead to lines/ });
  });
});
