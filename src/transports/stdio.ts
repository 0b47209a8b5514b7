/**
 * This process's own stdin and stdout as a transport.
 *
 * From then on stdout belongs to the protocol, for good: what the program prints (`console.log`, `process.stdout.write`)
 * goes to stderr instead, so that no stray line ever breaks a message. It is not given back when the transport closes,
 * because the other side has been told the end by then.
 *
 * A child that inherits stdout, and native code, write past all of this.
 */
import { type Readable, Writable } from 'node:stream';
import { isMainThread } from 'node:worker_threads';
import { KindredError } from '../base/errors.ts';
import type { ByteTransport } from '../channel/transport.ts';
import { createStreamTransport } from './stream.ts';

export interface StandardStreams {
  stdin: Readable;
  stdout: Writable;
  stderr: Writable;
}

type Write = (
  chunk: unknown,
  encoding: BufferEncoding | undefined,
  done: (error?: Error | null) => void,
) => boolean;

/** Marks a `write` that leads to stderr. */
const detour = Symbol.for('kindred.detour');

/**
 * Throws `ERR_ADDRESS_IN_USE` where stdout has been taken before, `ERR_NOT_SUPPORTED` in a worker thread, which has no
 * stdio of its own.
 */
export function createStdioTransport(streams: StandardStreams = ofProcess()): ByteTransport {
  const { stdin, stdout } = streams;
  const write = takeStdout(streams);

  // Only this writer reaches the real stdout.
  const protocol = new Writable({
    decodeStrings: false,
    highWaterMark: 64 * 1024,
    write: (chunk: unknown, encoding, done) => void write(chunk, encodingOf(chunk, encoding), done),
    writev(chunks, done) {
      let left = chunks.length;
      let failure: Error | null | undefined;
      const one = (error?: Error | null): void => {
        failure ??= error;
        if (--left === 0) done(failure ?? null);
      };
      stdout.cork();
      for (const { chunk, encoding } of chunks) write(chunk, encodingOf(chunk, encoding), one);
      stdout.uncork();
    },
    // Of a socket, as Node.js makes for a piped child, the other side hears the end now; of a pipe when this process ends.
    final: (done) => void stdout.end(() => done()),
    destroy(error, done) {
      if (!stdout.writableEnded && !stdout.destroyed) stdout.end();
      done(error);
    },
  });
  // What was printed before may lack the end of its line, which would spoil the first message.
  if (((stdout as { bytesWritten?: number }).bytesWritten ?? 0) > 0) protocol.write('\n');
  // For good: after the end what others print may still fail, and nobody else listens.
  stdout.on('error', (error) => protocol.destroy(error));
  return createStreamTransport('stdio:', stdin, protocol);
}

function ofProcess(): StandardStreams {
  if (!isMainThread)
    throw new KindredError(
      'ERR_NOT_SUPPORTED',
      'stdio: belongs to the main thread: a worker thread takes parent:',
      {
        outcome: 'not-sent',
      },
    );
  return process;
}

function encodingOf(chunk: unknown, encoding: string): BufferEncoding | undefined {
  return typeof chunk === 'string' ? (encoding as BufferEncoding) : undefined;
}

/** Leads all that is written to stdout to stderr, but for what comes by the `write` that it gives back. */
function takeStdout({ stdout, stderr }: StandardStreams): Write {
  if (detour in stdout.write)
    throw new KindredError(
      'ERR_ADDRESS_IN_USE',
      'stdio: is in use: this process speaks over its stdin and stdout already',
      {
        outcome: 'not-sent',
      },
    );
  const write = stdout.write.bind(stdout) as Write;
  const stray = (...args: Parameters<Writable['write']>): boolean => {
    const goesOn = stderr.write(...args);
    // Who waits for stdout to drain waits for stderr now.
    if (!goesOn) stderr.once('drain', () => stdout.emit('drain'));
    return goesOn;
  };
  stdout.write = Object.assign(stray as Writable['write'], { [detour]: true });
  return write;
}
