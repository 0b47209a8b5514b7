import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { linesOf, textOf } from './lines.ts';

async function read(chunks: (string | Buffer)[], maxBytes?: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(
    Readable.from(
      chunks.map((chunk) => Buffer.from(chunk)),
      { objectMode: false },
    ),
    maxBytes,
  ))
    lines.push(line);
  return lines;
}

test('lines come whole, however they are cut, also inside of a character', async () => {
  const text = 'one\nzwei ä\r\n\nfour';
  const bytes = Buffer.from(text);
  for (let cut = 0; cut <= bytes.length; cut++)
    assert.deepEqual(await read([bytes.subarray(0, cut), bytes.subarray(cut)]), [
      'one',
      'zwei ä',
      '',
      'four',
    ]);
});

test('an end without a line is no line', async () => {
  assert.deepEqual(await read(['a\n']), ['a']);
  assert.deepEqual(await read([]), []);
});

test('a line longer than a message may be is refused while it comes', async () => {
  await assert.rejects(read(['a'.repeat(9), 'b'], 9), /longer than the 9 bytes/);
  assert.deepEqual(await read(['a'.repeat(9), '\n', 'b'], 9), ['a'.repeat(9), 'b']);
});

test('a text longer than a message may be is refused while it comes', async () => {
  const stream = (): Readable =>
    Readable.from([Buffer.from('abc'), Buffer.from('def')], { objectMode: false });
  assert.equal(await textOf(stream(), 6), 'abcdef');
  await assert.rejects(textOf(stream(), 5), /longer than the 5 bytes/);
});
