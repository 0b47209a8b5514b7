/**
 * A transport of our own: bytes in frames over a socket, as a WebSocket has them.
 *
 *   frame   length u32, big-endian | so many bytes        of length 0: this end says no more
 */
import type { Server, Socket } from 'node:net';
import { type ByteReceiver, type ByteTransport, KindredError, type TransportListener } from 'kindred';

// #region transport
export class FramedSocket implements ByteTransport {
  readonly form = 'bytes';
  readonly name: string;
  readonly #socket: Socket;
  #receiver: ByteReceiver | undefined;
  /** Of the frame that is arriving: its head, and how much of it is still to come. */
  #head: number[] = [];
  #left = 0;
  #wroteEnd = false;
  #readEnd = false;
  #destroyed = false;
  #cause: Error | undefined;
  #told = false;

  constructor(name: string, socket: Socket) {
    this.name = name;
    this.#socket = socket;
    // A `close` follows, which tells it.
    socket.on('error', (error) => {
      this.#cause = error;
    });
    socket.on('close', () => this.#tellClose());
  }

  start(receiver: ByteReceiver): void {
    this.#receiver = receiver;
    if (this.#socket.closed) process.nextTick(() => this.#tellClose());
    const isPaused = this.#socket.isPaused();
    // What arrived before has waited in the socket.
    this.#socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.#socket.on('drain', () => receiver.drain());
    if (isPaused) this.#socket.pause();
  }

  write(chunks: readonly (string | Uint8Array)[]): boolean {
    if (this.#socket.destroyed || this.#wroteEnd) return false;
    this.#socket.cork();
    for (const chunk of chunks) if (chunk.length > 0) this.#writeFrame(Buffer.from(chunk as string));
    this.#socket.uncork();
    return !this.#socket.writableNeedDrain;
  }

  flushed(): Promise<boolean> {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableLength === 0) return Promise.resolve(!socket.destroyed);
    return new Promise((resolve) => {
      socket.once('close', () => resolve(false));
      if (socket.writableEnded) socket.once('finish', () => resolve(true));
      else socket.write('', (error) => resolve(!error));
    });
  }

  end(): void {
    if (this.#wroteEnd || this.#socket.destroyed) return;
    this.#wroteEnd = true;
    this.#writeFrame(Buffer.alloc(0));
    this.#closeWhenDone();
  }

  destroy(): void {
    this.#destroyed = true;
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (this.#receiver !== undefined) this.#socket.resume();
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  #writeFrame(bytes: Buffer): void {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(bytes.length);
    this.#socket.write(head);
    if (bytes.length > 0) this.#socket.write(bytes);
  }

  #onData(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && !this.#destroyed; ) {
      if (this.#left > 0) {
        const part = chunk.subarray(at, at + this.#left);
        at += part.length;
        this.#left -= part.length;
        this.#receiver?.data(part);
        continue;
      }
      this.#head.push(chunk[at++] as number);
      if (this.#head.length < 4) continue;
      this.#left = Buffer.from(this.#head).readUInt32BE();
      this.#head = [];
      if (this.#left > 0) continue;
      this.#readEnd = true;
      this.#receiver?.end();
      this.#closeWhenDone();
    }
  }

  #closeWhenDone(): void {
    if (this.#wroteEnd && this.#readEnd) this.#socket.end();
  }

  /** Once, last of all; with an error where the socket ended and not both ends had said so. */
  #tellClose(): void {
    if (this.#told || this.#receiver === undefined) return;
    this.#told = true;
    const isDone = this.#destroyed || (this.#wroteEnd && this.#readEnd);
    const options = this.#cause === undefined ? {} : { cause: this.#cause };
    this.#receiver.close(
      isDone ? undefined : new KindredError('ERR_PEER_GONE', `${this.name}: the other end is gone`, options),
    );
  }
}
// #endregion

// #region listener
export function framedListener(address: string, server: Server): TransportListener {
  return {
    address,
    start(onTransport) {
      server.on('connection', (socket: Socket) => onTransport(new FramedSocket(address, socket)));
    },
    close: () => void server.close(),
    ref: () => server.ref(),
    unref: () => server.unref(),
  };
}
// #endregion
