/** What every `listenX` gives back, and the accepting of connections that they share. */
import type { ListenOptions as NetListenOptions, Server, Socket } from 'node:net';
import { type Clock, systemClock } from '../base/clock.ts';
import type { KindredError } from '../base/errors.ts';
import type { ByteTransport } from '../channel/transport.ts';
import { defaultLimits } from '../wire/limits.ts';
import { createStreamTransport } from './stream.ts';
import { cannotListen } from './system-errors.ts';

export interface Listener {
  /** Where it can be reached: with the real port where 0 was asked for. */
  readonly address: string;
  /** Accepts no more, and gives the address up. Connections that are open stay; until it resolves some may still come. */
  close(): Promise<void>;
  /** Settles once, when nothing is accepted any more: without an error after `close`. */
  readonly closed: Promise<KindredError | undefined>;
  /** Whether the open listener keeps the process alive; it does by default. */
  ref(): void;
  unref(): void;
}

export interface ListenOptions {
  /** Connections at a time. Default 4096. */
  maxConnections?: number | undefined;
  clock?: Clock | undefined;
}

/**
 * Hears of every connection. `refused`: it is one too many; it may be told so in few words, and is closed after a
 * second at the latest.
 */
export type OnTransport = (transport: ByteTransport, refused: boolean) => void;

/** So many refused connections are told so at a time; beyond, connections are closed at once. */
const maxRefused = 64;
const refusedMs = 1000;

export interface Acceptor {
  /** Sets the server's own hard bound and hears of its connections. */
  attach(server: Server, event?: 'connection' | 'secureConnection'): void;
}

/** Counts the connections of one listener, over all of its servers. */
export function createAcceptor(
  nameOf: (socket: Socket) => string,
  onTransport: OnTransport,
  options: ListenOptions,
): Acceptor {
  const { maxConnections = defaultLimits.maxConnections, clock = systemClock } = options;
  let open = 0;
  function accept(socket: Socket): void {
    const refused = open >= maxConnections;
    open++;
    const timer = refused ? clock.after(refusedMs, () => socket.destroy()) : undefined;
    timer?.unref();
    socket.on('close', () => {
      open--;
      timer?.cancel();
    });
    onTransport(createStreamTransport(nameOf(socket), socket), refused);
  }
  return {
    attach(server, event = 'connection') {
      server.maxConnections = maxConnections + maxRefused;
      server.on(event, accept);
    },
  };
}

/** Resolves when the server listens; rejects with what the system said. */
export function openServer(server: Server, where: NetListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** A listener over one server that listens already; `close` does more before and after the server is closed. */
export function createListener(
  address: string,
  server: Server,
  more: { before?: () => void; after?: () => void } = {},
): Listener {
  const { promise: closed, resolve } = Promise.withResolvers<KindredError | undefined>();
  let closing: Promise<void> | undefined;
  server.on('error', (error) => {
    server.close();
    resolve(cannotListen(address, error));
  });
  async function close(): Promise<void> {
    more.before?.();
    // The descriptor is closed in this call; the event `close` would come only after the last connection.
    server.close();
    more.after?.();
    resolve(undefined);
  }
  return {
    address,
    closed,
    close: () => (closing ??= close()),
    ref: () => void server.ref(),
    unref: () => void server.unref(),
  };
}
