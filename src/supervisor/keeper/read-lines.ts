/** Lines out of a FIFO that somebody else holds open. */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { KindredError } from '../../base/errors.ts';

export interface LinesOptions {
  /** Ends the reading. */
  signal: AbortSignal;
  /** Without its newline. */
  onLine(line: string): void;
  /** One line; what is longer is left out, and counted. Default 8 KiB. */
  maxLineBytes?: number | undefined;
  /** A line was left out, for its length. */
  onTooLong?: (() => void) | undefined;
  /** Nobody holds it open any more, or it cannot be read. Not after the signal. */
  onEnd?: (() => void) | undefined;
}

/**
 * Hears of each line from now on, and of those that wait in it. Reads without blocking a thread, and does not keep the
 * process alive. Throws `ERR_NOT_REACHABLE` where there is no FIFO.
 */
export function readLines(path: string, options: LinesOptions): void {
  const { signal, onLine, onTooLong, onEnd, maxLineBytes = 8192 } = options;
  if (signal.aborted) return;
  const socket = new Socket({ fd: openFifo(path), readable: true, writable: false });
  let rest = '';
  let isTooLong = false;
  const take = (text: string): void => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) {
      const isWhole = !isTooLong && line.length <= maxLineBytes;
      isTooLong = false;
      if (signal.aborted) return;
      if (isWhole) onLine(line);
      else onTooLong?.();
    }
    if (rest.length <= maxLineBytes) return;
    rest = '';
    isTooLong = true;
  };
  const stop = (): void => void socket.destroy();
  socket
    .setEncoding('utf8')
    .on('data', take as (text: unknown) => void)
    .on('error', () => {})
    .once('close', () => {
      signal.removeEventListener('abort', stop);
      if (!signal.aborted) onEnd?.();
    })
    .unref();
  signal.addEventListener('abort', stop, { once: true });
}

function openFifo(path: string): number {
  let fd: number | undefined;
  try {
    // It must not wait for a writer.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (fstatSync(fd).isFIFO()) return fd;
  } catch (cause) {
    throw new KindredError('ERR_NOT_REACHABLE', `${path} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
  closeSync(fd);
  throw new KindredError('ERR_NOT_REACHABLE', `${path} is no FIFO`);
}
