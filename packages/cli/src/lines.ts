/** A stream as lines, one after another and no faster than they are taken, or as one text. */
import type { Readable } from 'node:stream';
import { defaultLimits } from 'kindred';
import { UsageError } from './usage.ts';

/** A last line without its end counts. Throws `UsageError` where a line is longer than a message may be. */
export async function* linesOf(
  stream: Readable,
  maxBytes: number = defaultLimits.maxMessageBytes,
): AsyncGenerator<string, undefined> {
  stream.setEncoding('utf8');
  let parts: string[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<string>) {
    let from = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', from)) {
      parts.push(chunk.slice(from, end));
      yield parts.join('').replace(/\r$/, '');
      parts = [];
      length = 0;
      from = end + 1;
    }
    parts.push(chunk.slice(from));
    length += chunk.length - from;
    if (length > maxBytes)
      throw new UsageError(`a line of stdin is longer than the ${maxBytes} bytes that a message may have`);
  }
  if (length > 0) yield parts.join('');
  return undefined;
}

/** All of a stream as text. Throws `UsageError` where it is longer than a message may be. */
export async function textOf(
  stream: Readable,
  maxBytes: number = defaultLimits.maxMessageBytes,
): Promise<string> {
  stream.setEncoding('utf8');
  let text = '';
  for await (const chunk of stream as AsyncIterable<string>) {
    text += chunk;
    if (text.length > maxBytes)
      throw new UsageError(`stdin is longer than the ${maxBytes} bytes that a message may have`);
  }
  return text;
}
