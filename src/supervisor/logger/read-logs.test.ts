import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { followLines } from './follow-logs.ts';
import { endOfLog } from './log-files.ts';
import type { LogLine, LogQuery } from './log-line.ts';
import { lastLines, readLogs } from './read-logs.ts';

async function collect(lines: AsyncIterable<LogLine>): Promise<LogLine[]> {
  const all: LogLine[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

const start = Date.UTC(2026, 0, 1);

describe('reading logs', () => {
  let directory: string;
  let stop: AbortController;
  const following: AsyncGenerator<LogLine>[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'kindred-logs-'));
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    await Promise.all(following.splice(0).map((lines) => lines.return(undefined)));
    rmSync(directory, { recursive: true, force: true });
  });

  const path = (file: string): string => join(directory, file);
  const lineOf = (at: number, text: string, stream = 'out'): string =>
    `${new Date(start + at).toISOString()} ${stream} ${text}\n`;
  /** Lines with their number as their time and text. */
  const put = (file: string, numbers: readonly number[], stream = 'out'): void => {
    writeFileSync(path(file), numbers.map((n) => lineOf(n, `${n}`, stream)).join(''));
    utimesSync(path(file), 0, (start + (numbers.at(-1) ?? 0)) / 1000);
  };
  const range = (from: number, to: number): number[] =>
    Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const read = async (query: LogQuery = {}): Promise<LogLine[]> =>
    collect(readLogs(directory, query, { signal: stop.signal }));
  const texts = async (query: LogQuery = {}): Promise<string[]> =>
    (await read(query)).map(({ log, text }) => `${log}:${text}`);

  /** What comes out, one at a time. */
  function follow(query: LogQuery = {}): () => Promise<string> {
    const lines = readLogs(directory, { ...query, follow: true }, { signal: stop.signal });
    following.push(lines);
    return async () => {
      const { value } = await lines.next();
      return value === undefined ? 'the end' : `${value.log}:${value.text}`;
    };
  }

  it('gives the lines of all logs in the order of their times', async () => {
    put('a.log', [1, 4, 5]);
    put('b.log', [2, 3, 6]);
    assert.deepEqual(await read({ tail: 1 }), [{ at: start + 6, log: 'b', stream: 'out', text: '6' }]);
    assert.deepEqual(await texts(), ['a:1', 'b:2', 'b:3', 'a:4', 'a:5', 'b:6']);
    assert.deepEqual(await texts({ logs: ['b', 'unknown'] }), ['b:2', 'b:3', 'b:6']);
  });

  it('gives nothing of a directory that is not there', async () => {
    rmSync(directory, { recursive: true });
    assert.deepEqual(await texts(), []);
    assert.deepEqual(await texts({ tail: 10 }), []);
    assert.deepEqual(await lastLines(directory, 'a', { lines: 3 }), []);
  });

  it('reads over files that were put aside, also where one is missing', async () => {
    put('a.log.10', range(1, 10));
    put('a.log.2', range(11, 20));
    put('a.log', range(21, 30));
    const all = range(1, 30).map((n) => `a:${n}`);
    assert.deepEqual(await texts(), all);
    for (const tail of [0, 1, 10, 11, 25, 30, 100])
      assert.deepEqual(await texts({ tail }), tail === 0 ? [] : all.slice(-tail));
  });

  it('reads logs of any size, block by block', async () => {
    const numbers = range(1, 5000);
    put('a.log.1', numbers.slice(0, 3000));
    put('a.log', numbers.slice(3000));
    const all = numbers.map((n) => `a:${n}`);
    assert.deepEqual(await texts(), all);
    assert.deepEqual(await texts({ tail: 4321 }), all.slice(-4321));
  });

  it('gives those since a time, and opens no file that is older', async () => {
    put('a.log.2', range(1, 10));
    put('a.log.1', range(11, 20));
    put('a.log', range(21, 30));
    assert.deepEqual(
      await texts({ since: start + 15 }),
      range(15, 30).map((n) => `a:${n}`),
    );
    assert.deepEqual(await texts({ since: start + 28, tail: 10 }), ['a:28', 'a:29', 'a:30']);
    // A line of that file would be given, if it were opened.
    writeFileSync(path('a.log.2'), lineOf(99, 'hidden'));
    utimesSync(path('a.log.2'), 0, (start + 10) / 1000);
    assert.deepEqual(
      await texts({ since: start + 25 }),
      range(25, 30).map((n) => `a:${n}`),
    );
  });

  it('gives those since any time, of a large file that holds lines of others too', async () => {
    const numbers = range(1, 4000);
    const foreign = `no time\n${'x'.repeat(100_000)}\n`;
    for (const format of ['text', 'json']) {
      const lines = numbers.map((n) => {
        const json = `${JSON.stringify({ at: new Date(start + n), log: 'a', stream: 'out', text: `${n}` })}\n`;
        return (format === 'json' ? json : lineOf(n, `${n}`)) + (n % 1500 === 0 ? foreign : '');
      });
      writeFileSync(path('a.log'), lines.join(''));
      for (const since of [1, 2, 777, 1499, 1500, 1501, 2500, 3000, 3999, 4000, 4001]) {
        const found = (await read({ since: start + since })).filter(({ stream }) => stream === 'out');
        assert.deepEqual(
          found.map(({ text }) => Number(text)),
          range(since, 4000),
          `${format} since ${since}`,
        );
      }
    }
  });

  it('gives those that match, however the pattern is flagged, and counts the tail in them', async () => {
    put('a.log', range(1, 40));
    for (const grep of [/3$/, /3$/g, /3$/y, /3$/gi]) {
      const expected = ['a:3', 'a:13', 'a:23', 'a:33'];
      assert.deepEqual(await texts({ grep }), expected);
      assert.deepEqual(await texts({ grep, tail: 3 }), expected.slice(1));
    }
  });

  it('leaves out a line that is still being written', async () => {
    put('a.log', [1, 2]);
    appendFileSync(path('a.log'), lineOf(3, 'to be').trimEnd());
    assert.deepEqual(await texts(), ['a:1', 'a:2']);
    assert.deepEqual(await texts({ tail: 1 }), ['a:2']);
    const next = follow({ tail: 1 });
    assert.equal(await next(), 'a:2');
    appendFileSync(path('a.log'), ' or not to be\n');
    assert.equal(await next(), 'a:to be or not to be');
  });

  it('takes lines of somebody else for notes, and goes on over a file without lines', async () => {
    writeFileSync(path('a.log.1'), 'x'.repeat(3_000_000));
    writeFileSync(path('a.log'), `hello\n${lineOf(1, 'one')}world\n`);
    const lines = await read();
    assert.deepEqual(
      lines.slice(-3).map(({ at, stream, text }) => [at === start + 1, stream, text]),
      [
        [false, 'note', 'hello'],
        [true, 'out', 'one'],
        [true, 'note', 'world'],
      ],
    );
    assert.equal(
      lines
        .map(({ text }) => text)
        .join('')
        .match(/x/g)?.length,
      3_000_000,
    );
  });

  it('gives the last lines of one stream', async () => {
    put('a.log.1', range(1, 5), 'err');
    put('a.log', range(6, 9));
    const last = await lastLines(directory, 'a', { lines: 2, stream: 'err' });
    assert.deepEqual(
      last.map(({ text }) => text),
      ['4', '5'],
    );
    assert.equal((await lastLines(directory, 'a', { lines: 100 })).length, 9);
    assert.equal((await lastLines(directory, 'a', { lines: 100, since: start + 8 })).length, 2);
  });

  it('ends at what was there when it began, though more is written meanwhile', async () => {
    put('a.log', range(1, 100));
    const lines = readLogs(directory);
    const first = await lines.next();
    assert.equal(first.value?.text, '1');
    appendFileSync(path('a.log'), lineOf(101, '101'));
    const rest = await collect(lines);
    assert.equal(rest.at(-1)?.text, '100');
  });

  it('follows what is written, over files that are put aside, without losing or repeating a line', async () => {
    put('a.log', [1]);
    const next = follow();
    assert.equal(await next(), 'a:1');
    let age = 1;
    for (let n = 2; n < 60; n += 3) {
      appendFileSync(path('a.log'), lineOf(n, `${n}`) + lineOf(n + 1, `${n + 1}`));
      if (n % 2 === 0) assert.equal(await next(), `a:${n}`);
      for (let from = age; from > 0; from--)
        renameSync(path(from === 1 ? 'a.log' : `a.log.${from - 1}`), path(`a.log.${from}`));
      age++;
      if (n % 4 === 0) assert.equal(await next(), `a:${n + 1}`);
      appendFileSync(path('a.log'), lineOf(n + 2, `${n + 2}`));
      if (n % 2 !== 0) assert.equal(await next(), `a:${n}`);
      if (n % 4 !== 0) assert.equal(await next(), `a:${n + 1}`);
      assert.equal(await next(), `a:${n + 2}`);
    }
  });

  it('follows logs, and a directory, that begin later', async () => {
    rmSync(directory, { recursive: true });
    const next = follow();
    const first = next();
    mkdirSync(directory);
    put('a.log', [1]);
    assert.equal(await first, 'a:1');
    put('b.log', [2]);
    assert.equal(await next(), 'b:2');
    appendFileSync(path('a.log'), lineOf(3, '3'));
    assert.equal(await next(), 'a:3');
  });

  it('follows only those that are asked for', async () => {
    put('a.log', [1]);
    put('b.log', [2]);
    const next = follow({ logs: ['b', 'c'], tail: 1, grep: /[2-9]/ });
    assert.equal(await next(), 'b:2');
    appendFileSync(path('a.log'), lineOf(5, '5'));
    put('c.log', [1, 6]);
    assert.equal(await next(), 'c:6');
  });

  it('begins again at the start of a file that somebody has emptied', async () => {
    put('a.log', range(1, 10));
    const next = follow({ tail: 1 });
    assert.equal(await next(), 'a:10');
    truncateSync(path('a.log'));
    appendFileSync(path('a.log'), lineOf(11, '11'));
    assert.equal(await next(), 'a:11');
  });

  it('ends when its signal fires, without an error', async () => {
    put('a.log', [1]);
    const next = follow();
    assert.equal(await next(), 'a:1');
    const end = next();
    stop.abort();
    assert.equal(await end, 'the end');
  });

  it('goes on at a place in a log that was kept, wherever the file is by now', async () => {
    put('a.log', [1, 2]);
    const kept = JSON.parse(JSON.stringify(await endOfLog(directory, 'a')));
    appendFileSync(path('a.log'), lineOf(3, '3'));
    renameSync(path('a.log'), path('a.log.1'));
    put('a.log', [4]);
    const lines = followLines(directory, 'a', kept, { signal: stop.signal });
    assert.deepEqual([(await lines.next()).value?.text, (await lines.next()).value?.text], ['3', '4']);
    await lines.return(undefined);
    rmSync(path('a.log.1'));
    const again = followLines(directory, 'a', kept, { signal: stop.signal });
    assert.equal((await again.next()).value?.text, '4');
    await again.return(undefined);
    assert.equal(await endOfLog(directory, 'unknown'), undefined);
  });
});
