/**
 * A connection as bytes, for channels that cannot carry the connection itself: over TCP, to a thread, to a child without
 * native IPC. The socket stays here; what the other end reads and writes passes through this process.
 *
 * It is made of what every call can carry: a stream, and functions that are lent. So it lives as long as the call that it
 * is an argument of, and is closed with it.
 */
import { Buffer } from 'node:buffer';
import { Duplex } from 'node:stream';

/** What travels. To be given to `openProxy` by the function that gets it. */
export interface ByteProxy {
  /** What arrives at the socket; an empty chunk says that its client writes no more. To turn away from it destroys the socket. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Resolves when it is written. */
  write(chunk: Uint8Array): Promise<void>;
  /** Writes no more; resolves when all is written. */
  end(): Promise<void>;
}

/**
 * Offers a socket, or any `Duplex`, as an argument of a call over whatever channel. It is destroyed when that call is over,
 * if it is not closed by then. Nobody else may read of it.
 *
 * ```ts
 * await peer.call.serve(byteProxy(socket));
 * ```
 */
export function byteProxy(socket: Duplex): ByteProxy {
  // A connection that breaks is told to the other end; nobody is left to hear it here.
  socket.on('error', () => {});
  // It ends when the other end says so, not when its client does.
  socket.allowHalfOpen = true;
  return {
    bytes: { [Symbol.asyncIterator]: () => chunksOf(socket) },
    write: (chunk) => settled((done) => socket.write(chunk, done)),
    end: () => settled((done) => (socket.writableFinished ? done() : socket.end(done))),
  };
}

function settled(start: (done: (error?: Error | null) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error == null ? resolve() : reject(error)));
  });
}

/** No generator: that could not be ended while it waits. */
function chunksOf(socket: Duplex): AsyncIterator<Uint8Array, undefined> {
  const chunks = socket.iterator({ destroyOnReturn: false });
  let hasEnded = false;
  return {
    async next() {
      if (!hasEnded) {
        const step = (await chunks.next()) as IteratorResult<Uint8Array, undefined>;
        if (step.done !== true) return step;
        hasEnded = true;
        return { done: false, value: Buffer.alloc(0) };
      }
      // As long as there may be something to write to it, there is something to destroy with the call.
      if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
      return { done: true, value: undefined };
    },
    async return() {
      socket.destroy();
      return { done: true, value: undefined };
    },
  };
}

/**
 * The connection behind a proxy that came with a call, to be used like a socket until the function returns: read, written,
 * ended, served. It ends when the client does, and is destroyed with the call.
 */
export function openProxy({ bytes, write, end }: ByteProxy): Duplex {
  const chunks = bytes[Symbol.asyncIterator]();
  const duplex = new Duplex({
    read() {
      chunks.next().then(
        ({ done, value }) => {
          if (done === true) duplex.destroy();
          else duplex.push(value.length === 0 ? null : value);
        },
        (error: Error) => duplex.destroy(error),
      );
    },
    write(chunk: Buffer, _encoding, written) {
      write(chunk).then(() => written(), written);
    },
    final(done) {
      end().then(() => done(), done);
    },
    destroy(error, done) {
      // Where the call is over, so is all that came with it.
      Promise.resolve(chunks.return?.()).then(
        () => done(error),
        () => done(error),
      );
    },
  });
  // It breaks with its call, when the function has returned and nobody listens.
  duplex.on('error', () => {});
  return duplex;
}
