/**
 * A transport over a `MessagePort`, or over the messages of a `Worker` themselves.
 *
 * Values are cloned, not encoded. A port has no back-pressure of its own: `post` always takes more, and what bounds it
 * is the layer above (calls in flight, credit of streams).
 */
import { MessageChannel, type MessagePort, type Transferable, type Worker } from 'node:worker_threads';
import type { ValueReceiver, ValueTransport } from '../channel/transport.ts';

/** The key under which a thread is handed the port that its parent talks to it over, beside messages of the user's own. */
export const portKey = 'kindred:port';

/** Over a port that belongs to the channel alone: it is closed with it. */
export function createPortTransport(name: string, port: MessagePort): ValueTransport {
  return new PortTransport(name, port, () => port.close());
}

/** Over the plain messages of a thread, seen from its parent. Closing the transport leaves the thread running. */
export function createWorkerTransport(worker: Worker): ValueTransport {
  return new PortTransport(`thread ${worker.threadId}`, worker, undefined);
}

/** Over the plain messages between a thread and its parent, seen from the thread. */
export function createParentPortTransport(port: MessagePort): ValueTransport {
  return new PortTransport('the parent thread', port, undefined);
}

/** Opens a port of its own to a thread that waits for it (`parent:` in that thread). */
export function openPortTo(worker: Worker): ValueTransport {
  const { port1, port2 } = new MessageChannel();
  worker.postMessage({ [portKey]: port2 }, [port2]);
  const transport = createPortTransport(`thread ${worker.threadId}`, port1);
  // A thread that ended before it took the port never closes it.
  worker.once('exit', () => setImmediate(() => port1.close()));
  return transport;
}

/** In a thread: the port that the parent opens to it. */
export function takePort(parentPort: MessagePort): Promise<MessagePort> {
  return new Promise((resolve) => {
    const look = (message: unknown): void => {
      const port = (message as { [portKey]?: MessagePort } | null)?.[portKey];
      if (port === undefined) return;
      parentPort.off('message', look);
      resolve(port);
    };
    parentPort.on('message', look);
  });
}

class PortTransport implements ValueTransport {
  readonly form = 'values';
  readonly clone = 'structured';
  readonly transfer = true;
  readonly name: string;
  readonly #port: MessagePort | Worker;
  readonly #shut: (() => void) | undefined;
  #receiver: ValueReceiver | undefined;
  #closed = false;

  constructor(name: string, port: MessagePort | Worker, shut: (() => void) | undefined) {
    this.name = name;
    this.#port = port;
    this.#shut = shut;
  }

  start(receiver: ValueReceiver): void {
    this.#receiver = receiver;
    const port = this.#port as MessagePort;
    port.on('message', this.#onMessage);
    port.on('messageerror', this.#onMessageError);
    // A port says `close`, a thread `exit`; what was posted before arrives before.
    port.once('close', this.#onClose);
    port.once('exit' as 'close', this.#onClose);
  }

  post(value: unknown, transfer: readonly object[] = []): boolean {
    if (!this.#closed) this.#port.postMessage(value, transfer as readonly Transferable[]);
    return true;
  }

  flushed(): Promise<void> {
    return Promise.resolve();
  }

  end(): void {
    this.#shut?.();
    setImmediate(() => this.#onClose());
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
    if (!this.#closed) this.#receiver?.value(value);
  };

  readonly #onMessageError = (error: Error): void => this.#close(error);
  readonly #onClose = (): void => this.#close();

  #close(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    const port = this.#port as MessagePort;
    port.off('message', this.#onMessage);
    port.off('messageerror', this.#onMessageError);
    port.off('close', this.#onClose);
    port.off('exit' as 'close', this.#onClose);
    this.#receiver?.close(error);
  }
}
