/** What accepts connections over a transport of the user's own, in the place of an address. */
import type { KindredError } from '../base/errors.ts';
import type { Transport } from '../channel/transport.ts';
import type { Listener } from '../transports/listener.ts';

export interface TransportListener {
  /** For errors and logs, and as the `address` of the server. */
  readonly address: string;
  /** Called once: from now on each connection is handed over. What connected before may be handed over at once. */
  start(onTransport: (transport: Transport) => void): void;
  /** Accepts no more. Connections that are open stay. */
  close(): Promise<void> | void;
  /** Whether the open listener keeps the process alive. */
  ref?(): void;
  unref?(): void;
}

export function isTransportListener(target: unknown): target is TransportListener {
  const { address, start, form } = (target ?? {}) as Partial<TransportListener> & { form?: unknown };
  return typeof address === 'string' && typeof start === 'function' && form === undefined;
}

/**
 * `onTransport` says when the connection is over. One that comes while `maxConnections` are open is closed at once.
 */
export function listenOver(
  listener: TransportListener,
  maxConnections: number,
  onTransport: (transport: Transport) => Promise<unknown>,
): Listener {
  const { promise: closed, resolve } = Promise.withResolvers<KindredError | undefined>();
  let open = 0;
  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    await listener.close();
    resolve(undefined);
  }
  listener.start((transport) => {
    if (closing !== undefined || open >= maxConnections) return transport.destroy();
    open++;
    void onTransport(transport).then(() => open--);
  });
  return {
    address: listener.address,
    closed,
    close: () => (closing ??= close()),
    ref: () => listener.ref?.(),
    unref: () => listener.unref?.(),
  };
}
