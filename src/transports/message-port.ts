/**
 * A transport over a `MessagePort`, or over the messages of a `Worker` themselves.
 *
 * Values are cloned, not encoded. A port has no back-pressure of its own: `post` always takes more, and what bounds it
 * is the layer above (calls in flight, credit of streams).
 */
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  type Transferable,
  type Worker,
} from 'node:worker_threads';
import { systemClock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import type { ValueReceiver, ValueTransport } from '../channel/transport.ts';
import { cancelled, type DialOptions, tooLate } from './dial.ts';

/** The key under which a thread is handed the port that its parent talks to it over, beside messages of the user's own. */
export const portKey = 'kindred:port';

/** What a thread says before the transport is started is kept, but not without limit. */
const maxEarly = 10_000;

/** Over a port that belongs to the channel alone: it is closed with it. */
export function createPortTransport(name: string, port: MessagePort): ValueTransport {
  return new PortTransport(name, port, () => port.close());
}

/**
 * Over the plain messages of a thread, seen from its parent. Closing the transport leaves the thread running; a thread
 * that fails closes the transport with its error.
 */
export function createWorkerTransport(worker: Worker): ValueTransport {
  const transport = new PortTransport(`thread ${worker.threadId}`, worker, undefined);
  transport.listen();
  watch(worker, transport);
  return transport;
}

/** Over the plain messages between a thread and its parent, seen from the thread. */
export function createParentPortTransport(port: MessagePort): ValueTransport {
  return new PortTransport('the parent thread', port, undefined);
}

/** Opens a port of its own to a thread that waits for it (`parent:` in that thread). */
export function openPortTo(worker: Worker): ValueTransport {
  const { port1, port2 } = new MessageChannel();
  const transport = new PortTransport(`thread ${worker.threadId}`, port1, () => port1.close());
  watch(worker, transport);
  worker.postMessage({ [portKey]: port2 }, [port2]);
  return transport;
}

/** In a thread: the port that the parent opens to it. Throws `ERR_CANCELLED`, `ERR_TIMEOUT`. */
export function takePort(
  parentPort: MessagePort,
  { signal, timeoutMs, clock = systemClock }: DialOptions = {},
): Promise<MessagePort> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      parentPort.off('message', look);
      signal?.removeEventListener('abort', onAbort);
      timer?.cancel();
    };
    const look = (message: unknown): void => {
      const port = (message as { [portKey]?: MessagePort } | null)?.[portKey];
      if (port === undefined) return;
      leave();
      resolve(port);
    };
    const onAbort = (): void => {
      leave();
      reject(cancelled('parent:', signal as AbortSignal));
    };
    const tooLong = (): void => {
      leave();
      reject(tooLate('parent:', timeoutMs as number, 'the parent thread did not connect to this one'));
    };
    const timer = timeoutMs === undefined ? undefined : clock.after(timeoutMs, tooLong);
    if (signal?.aborted === true) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    parentPort.on('message', look);
  });
}

/** A thread that ended before it took the port never closes it; one that threw says why. */
function watch(worker: Worker, transport: PortTransport): void {
  const { name } = transport;
  const onError = (cause: unknown): void => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    transport.fail(new KindredError('ERR_PEER_GONE', `${name} failed: ${reason}`, { cause }));
  };
  const onExit = (): void => transport.drain();
  worker.once('error', onError).once('exit', onExit);
  transport.onceClosed(() => worker.off('error', onError).off('exit', onExit));
}

class PortTransport implements ValueTransport {
  readonly form = 'values';
  readonly clone = 'structured';
  readonly transfer = true;
  readonly name: string;
  readonly #port: MessagePort | Worker;
  readonly #shut: (() => void) | undefined;
  #receiver: ValueReceiver | undefined;
  #early: unknown[] = [];
  #listening = false;
  #failure: Error | undefined;
  /** This end gave up: nothing is delivered any more. */
  #left = false;
  /** The port is closed; told as soon as there is somebody to tell. */
  #over = false;
  #told = false;
  #whenClosed: (() => void)[] = [];

  constructor(name: string, port: MessagePort | Worker, shut: (() => void) | undefined) {
    this.name = name;
    this.#port = port;
    this.#shut = shut;
    // From the start: a port that closes before anybody listens does not say so again.
    (port as MessagePort).once('close', this.#onClose);
  }

  /** Of a thread, at once: what it says while nobody listens is lost. A port keeps it until somebody does. */
  listen(): void {
    if (this.#listening || this.#over) return;
    this.#listening = true;
    (this.#port as MessagePort).on('message', this.#onMessage).on('messageerror', this.#onMessageError);
  }

  /** Takes what is still in the port, then closes. */
  drain(): void {
    if ('close' in this.#port)
      for (
        let next = receiveMessageOnPort(this.#port);
        next !== undefined;
        next = receiveMessageOnPort(this.#port)
      )
        this.#onMessage(next.message);
    this.#shut?.();
    this.#onClose();
  }

  fail(error: Error): void {
    this.#failure ??= error;
  }

  onceClosed(run: () => void): void {
    this.#whenClosed.push(run);
  }

  start(receiver: ValueReceiver): void {
    this.#receiver = receiver;
    process.nextTick(() => {
      for (const value of this.#early) if (!this.#left) receiver.value(value);
      this.#early = [];
      if (this.#over) this.#tell();
      else this.listen();
    });
  }

  post(value: unknown, transfer: readonly object[] = []): boolean {
    if (this.#over || this.#left) return false;
    try {
      this.#port.postMessage(value, transfer as readonly Transferable[]);
    } catch (cause) {
      throw new KindredError(
        'ERR_NOT_ENCODABLE',
        `a value cannot be cloned for ${this.name}: ${(cause as Error).message}`,
        {
          cause,
          outcome: 'not-sent',
        },
      );
    }
    return true;
  }

  /** What is posted is with the other thread at once. */
  flushed(): Promise<boolean> {
    return Promise.resolve(!this.#over && !this.#left);
  }

  /** A port closes for both ends, after the last value; the messages of a thread go on without this transport. */
  end(): void {
    this.#left = true;
    this.#shut?.();
    setImmediate(this.#onClose);
  }

  destroy(): void {
    this.end();
  }

  ref(): void {
    this.#port.ref();
  }

  unref(): void {
    this.#port.unref();
  }

  readonly #onMessage = (value: unknown): void => {
    if (this.#left || this.#told) return;
    if (this.#receiver !== undefined && this.#early.length === 0) this.#receiver.value(value);
    else if (this.#early.length < maxEarly) this.#early.push(value);
    else {
      this.fail(
        new KindredError(
          'ERR_LIMIT',
          `${this.name} sent more than ${maxEarly} messages before anybody listened`,
        ),
      );
      this.end();
    }
  };

  readonly #onMessageError = (cause: Error): void => {
    this.fail(
      new KindredError('ERR_PROTOCOL', `a message of ${this.name} cannot be read: ${cause.message}`, {
        cause,
      }),
    );
    this.end();
  };

  readonly #onClose = (): void => {
    if (this.#over) return;
    this.#over = true;
    const port = this.#port as MessagePort;
    port
      .off('message', this.#onMessage)
      .off('messageerror', this.#onMessageError)
      .off('close', this.#onClose);
    for (const run of this.#whenClosed.splice(0)) run();
    // With early values still to be delivered, `start` tells it.
    if (this.#receiver !== undefined && this.#early.length === 0) this.#tell();
  };

  #tell(): void {
    if (this.#told) return;
    this.#told = true;
    this.#receiver?.close(this.#failure);
  }
}
