/**
 * This process's own stdin and stdout as a transport.
 *
 * From then on stdout belongs to the protocol: what the program prints (`console.log`, `process.stdout.write`) goes to
 * stderr instead, so that no stray line ever breaks a message.
 */
import { Writable } from 'node:stream';
import type { ByteTransport } from '../channel/transport.ts';
import { createStreamTransport } from './stream.ts';

export function createStdioTransport(): ByteTransport {
  const { stdin, stdout, stderr } = process;
  const write = stdout.write.bind(stdout) as (
    chunk: unknown,
    encoding: unknown,
    done: (error?: Error | null) => void,
  ) => boolean;
  stdout.write = ((...args: Parameters<typeof stderr.write>) => stderr.write(...args)) as typeof stdout.write;

  // Only this writer reaches the real stdout. Its own end is not stdout's, which Node.js closes with the process.
  const protocol = new Writable({
    decodeStrings: false,
    write: (chunk: unknown, encoding, done) =>
      void write(chunk, typeof chunk === 'string' ? encoding : undefined, done),
    writev(chunks, done) {
      stdout.cork();
      let left = chunks.length;
      let failure: Error | null | undefined;
      const one = (error?: Error | null): void => {
        failure ??= error;
        if (--left === 0) done(failure ?? null);
      };
      for (const { chunk, encoding } of chunks as { chunk: unknown; encoding: BufferEncoding }[])
        write(chunk, typeof chunk === 'string' ? encoding : undefined, one);
      stdout.uncork();
    },
  });
  stdout.on('error', (error) => protocol.destroy(error));
  return createStreamTransport('stdio', stdin, protocol);
}
