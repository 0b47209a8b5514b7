/** Looks at the first bytes of a connection, and leaves them in it. */
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { type Clock, systemClock } from '../base/clock.ts';
import { hasEnded, stopReading } from './node-internals.ts';

export interface PeekOptions {
  /** The most that is looked at. */
  readonly bytes: number;
  /** How long to wait for them, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether those that have come are enough. Default: never, before there are `bytes`. */
  enough?(firstBytes: Buffer): boolean;
}

export interface Peeking {
  /**
   * The first bytes: when they are enough, when there are as many as asked for, when the client writes no more or is
   * gone, when the time is over, or after `stop`; in the last cases as many as there are. Rejects with what `enough`
   * throws.
   */
  readonly seen: Promise<Buffer>;
  stop(): void;
}

/**
 * The socket must not be read by anybody else. When the promise settles nothing is read of it any more, and all its bytes
 * are still to be had from it.
 */
export function peek(
  socket: Socket,
  { bytes, timeoutMs, enough }: PeekOptions,
  clock: Clock = systemClock,
): Peeking {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  let seen: Buffer = Buffer.alloc(0);
  let isOver = false;

  function end(): void {
    isOver = true;
    timer.cancel();
    socket.off('readable', look).off('end', stop).off('close', stop);
    stopReading(socket);
    if (seen.length > 0 && !socket.destroyed) socket.unshift(seen);
  }

  function stop(): void {
    if (isOver) return;
    end();
    resolve(seen.subarray(0, bytes));
  }

  function look(): void {
    // Exactly as much as there is: to ask for more would be to hear of the end, and then nothing can be put back.
    while (socket.readableLength > 0)
      seen = Buffer.concat([seen, socket.read(socket.readableLength) as Buffer]);
    if (seen.length >= bytes || hasEnded(socket)) return stop();
    try {
      if (seen.length > 0 && enough?.(seen) === true) stop();
    } catch (error) {
      end();
      reject(error);
    }
  }

  const timer = clock.after(timeoutMs, stop);
  if (socket.destroyed) stop();
  else {
    // A client that ends its side still waits for its answer.
    socket.allowHalfOpen = true;
    socket.on('readable', look).on('end', stop).on('close', stop);
  }
  return { seen: promise, stop };
}
