import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { maxWordBytes } from '../agent/word.ts';
import { readWord, readWords, type Word } from './words.ts';

const root = mkdtempSync(join(tmpdir(), 'words-'));
// What is read here keeps no process alive.
const awake = setInterval(() => {}, 1000);
after(() => {
  clearInterval(awake);
  rmSync(root, { recursive: true, force: true });
});
const skip = process.platform === 'win32' && 'there is no mkfifo';

let fifos = 0;

/** A FIFO, as the keeper holds it: what is written to it waits for a reader. */
function openFifo(): { path: string; write(text: string): void; close(): void } {
  const path = join(root, `${++fifos}`);
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  return { path, write: (text) => void writeSync(fd, text), close: () => closeSync(fd) };
}

/** Reads until so many words have come. */
function hear(path: string, count: number): Promise<{ words: Word[]; garbage: number }> {
  return new Promise((resolve) => {
    const over = new AbortController();
    const words: Word[] = [];
    let garbage = 0;
    readWords(path, {
      signal: over.signal,
      onGarbage: (sum) => {
        garbage = sum;
      },
      onWord(word) {
        if (words.push(word) < count) return;
        over.abort();
        resolve({ words, garbage });
      },
    });
  });
}

describe('the words of an agent', { skip }, () => {
  it('come one after the other, those first that had waited', async () => {
    const fifo = openFifo();
    fifo.write('{"word":"status","text":"one"}\n{"word":"hung","blockedMs":10}\n{"word":"sta');
    const heard = hear(fifo.path, 3);
    fifo.write('tus","text":"three"}\n');
    assert.deepEqual(await heard, {
      words: [
        { word: 'status', text: 'one' },
        { word: 'hung', blockedMs: 10 },
        { word: 'status', text: 'three' },
      ],
      garbage: 0,
    });
    fifo.close();
  });

  it('are heard among garbage, which is counted', async () => {
    const fifo = openFifo();
    const long = `{"word":"status","text":"${'x'.repeat(maxWordBytes)}"}`;
    fifo.write(`no word\n\n${long}\n{"word":"turns","blockedMs":1}\n`);
    const { words, garbage } = await hear(fifo.path, 1);
    assert.deepEqual(words, [{ word: 'turns', blockedMs: 1 }]);
    assert.equal(garbage, 3);
    fifo.close();
  });

  it('go to the next reader when one has stopped', async () => {
    const fifo = openFifo();
    for (const text of ['one', 'two']) {
      const heard = hear(fifo.path, 1);
      fifo.write(`{"word":"status","text":"${text}"}\n`);
      assert.deepEqual((await heard).words, [{ word: 'status', text }]);
    }
    fifo.close();
  });

  it('are only what they are', () => {
    assert.deepEqual(readWord('{"word":"load","lagMs":1,"calls":2,"cpu":0.5,"more":1}'), {
      word: 'load',
      lagMs: 1,
      calls: 2,
      cpu: 0.5,
    });
    for (const line of [
      'null',
      '[]',
      '{"word":"load","lagMs":-1,"calls":2,"cpu":0}',
      '{"word":"load","lagMs":"1","calls":2,"cpu":0}',
      '{"word":"hung"}',
      '{"word":"stack","text":1}',
      '{"word":"__proto__"}',
    ])
      assert.equal(readWord(line), undefined, line);
  });

  it('cannot be read from a file or from nothing', () => {
    const file = join(root, 'file');
    writeFileSync(file, '');
    const { signal } = new AbortController();
    for (const path of [file, join(root, 'nothing')])
      assert.throws(() => readWords(path, { signal, onWord() {} }), { code: 'ERR_NOT_REACHABLE' });
  });
});
