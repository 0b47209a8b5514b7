/** What a child writes: kept up to a bound, or handed on line by line. */
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { KindredError } from '../base/errors.ts';
import { whenSilent } from './after-exit.ts';

/** Keeps the first `maxBytes` of a stream, and goes on reading, so that whoever writes is never blocked. */
export class Kept {
  readonly chunks: Buffer[] = [];
  truncated = false;
  #room: number;

  /** `all`: hears what is kept, in the order in which it came. `onFull`: there was more. */
  constructor(readable: Readable, maxBytes: number, all: Buffer[], onFull: () => void) {
    this.#room = maxBytes;
    readable.on('data', (chunk: Buffer) => {
      const taken = chunk.length <= this.#room ? chunk : chunk.subarray(0, this.#room);
      this.#room -= taken.length;
      if (taken.length > 0) {
        this.chunks.push(taken);
        all.push(taken);
      }
      if (taken.length === chunk.length || this.truncated) return;
      this.truncated = true;
      onFull();
    });
  }
}

export interface LineOptions {
  /** Default `stdout`. */
  from?: 'stdout' | 'stderr' | undefined;
  /** Of one line, in bytes. Default 1 MiB. */
  maxLineBytes?: number | undefined;
}

/**
 * Line by line, without the line ends (`\n` or `\r\n`). The child waits where the reader is slow. Whoever stops reading
 * closes the stream, so that the child gets EPIPE.
 *
 * Begins to listen when it is called: what a child has written is gone with it where nobody listens.
 * Throws `ERR_LIMIT` for a line that is too long, `ERR_BAD_ARGUMENT` where the stream is not piped.
 */
export function linesOf(
  child: ChildProcess,
  { from = 'stdout', maxLineBytes = 1024 * 1024 }: LineOptions = {},
): AsyncGenerator<string, void> {
  const readable = child[from];
  if (readable === null)
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      `${from} of this child is not piped: there are no lines of it`,
    );
  whenSilent(child, readable, () => readable.destroy());
  // Node.js would throw away what nobody has asked for yet when the child ends.
  readable.on('readable', () => {});
  return read(readable, maxLineBytes);
}

async function* read(readable: Readable, maxLineBytes: number): AsyncGenerator<string, void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  try {
    for await (const chunk of readable) {
      const text = rest + decoder.write(chunk as Buffer);
      const lines = text.split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > maxLineBytes)
        throw new KindredError('ERR_LIMIT', `a line is longer than maxLineBytes (${maxLineBytes})`);
      for (const line of lines) yield withoutReturn(line);
    }
  } catch (error) {
    // A process that holds the stream open does not hold the reader.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
  rest += decoder.end();
  if (rest !== '') yield withoutReturn(rest);
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
