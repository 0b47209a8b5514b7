/**
 * Reads a FIFO as soon as something is in it, one read at a time, without a thread that waits.
 *
 *   waiting (something is read as soon as it is there) --read--> paused, unless its owner says at once to go on
 *      ^------------------------ resume ----------------------------|
 *   any --close--> closed
 */
import type { Buffer } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';
import { KindredError } from '../../base/errors.ts';
import { setStake, stakeOf, useStake } from './stake.ts';

export interface FifoReaderOptions {
  path: string;
  /** What is read lands there, and is overwritten by the next read of any FIFO. */
  scratch: Buffer;
  /** How many bytes may be read next; at least one. */
  room: () => number;
  /** What was read: valid during the call. True: read on. */
  onBytes: (bytes: Buffer) => boolean;
  /** It cannot be read any more. */
  onError: (error: Error) => void;
}

export class FifoReader {
  /**
   * What was read of it and never written, by whoever read it before: at most so many bytes. Where there are any it begins
   * paused, and they stay at stake until its owner says otherwise: he may be killed, too, before he has told of them.
   */
  readonly lostBytes: number;
  readonly #options: FifoReaderOptions;
  readonly #fd: number;
  readonly #socket: Socket;
  #isOpen = true;
  #isPaused = false;

  /** Begins to read, see `lostBytes`. Throws `ERR_NOT_REACHABLE`. */
  constructor(options: FifoReaderOptions) {
    const { path, scratch, room, onBytes, onError } = options;
    this.#options = options;
    // For writing too: so its end never comes, whoever else closes it.
    this.#fd = open(path);
    try {
      if (!fstatSync(this.#fd).isFIFO()) throw new Error('it is none');
      this.lostBytes = stakeOf(this.#fd, scratch.length);
      useStake(this.#fd, this.lostBytes);
    } catch (cause) {
      closeSync(this.#fd);
      throw notReadable(path, cause);
    }
    this.#socket = new Socket({
      fd: this.#fd,
      readable: true,
      writable: false,
      onread: {
        buffer: () => scratch.subarray(0, room()),
        callback: (length, bytes) => {
          this.#isPaused = !onBytes((bytes as Buffer).subarray(0, length));
          return !this.#isPaused;
        },
      },
    });
    this.#socket.on('error', onError);
    if (this.lostBytes > 0) this.pause();
    else this.#socket.resume();
  }

  pause(): void {
    if (this.#isPaused || !this.#isOpen) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isPaused || !this.#isOpen) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  /** What is at stake from now on, in bytes. */
  setStake(bytes: number): void {
    if (this.#isOpen) setStake(this.#fd, bytes);
  }

  /** Reads at once what is there; false: nothing was. */
  readNow(): boolean {
    const { scratch, room, onBytes } = this.#options;
    if (!this.#isOpen) return false;
    let length: number;
    try {
      length = readSync(this.#fd, scratch, 0, room(), null);
    } catch {
      return false;
    }
    if (length === 0) return false;
    if (!onBytes(scratch.subarray(0, length))) this.pause();
    return true;
  }

  close(): void {
    this.#isOpen = false;
    this.#socket.destroy();
  }
}

function open(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  } catch (cause) {
    throw notReadable(path, cause);
  }
}

function notReadable(path: string, cause: unknown): KindredError {
  return new KindredError(
    'ERR_NOT_REACHABLE',
    `${path} cannot be read as the pipe of a log: ${(cause as Error).message}; it must be a FIFO of this user`,
    { cause },
  );
}
