/** What every `listenX` gives back, and the accepting of connections that they share. */
import type { ListenOptions as NetListenOptions, Server, Socket } from 'node:net';
import { type Clock, systemClock } from '../base/clock.ts';
import type { KindredError } from '../base/errors.ts';
import type { ByteTransport } from '../channel/transport.ts';
import { defaultLimits } from '../wire/limits.ts';
import { remotePlace } from './remote-place.ts';
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
  /** Of these, from one remote address. Default 4096. */
  maxConnectionsPerAddress?: number | undefined;
  /** Asked of each connection before anything else; false: it is closed at once. */
  admits?: ((from: string) => boolean) | undefined;
  clock?: Clock | undefined;
}

/**
 * Hears of every connection, and from which remote place it comes ('': from this machine, over no address). `refused`: it
 * is one more than this limit; it may be told so in few words, and is closed after a second at the latest.
 */
export type OnTransport = (
  transport: ByteTransport,
  refused: 'maxConnections' | 'maxConnectionsPerAddress' | undefined,
  from: string,
) => void;

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
  const {
    maxConnections = defaultLimits.maxConnections,
    maxConnectionsPerAddress = defaultLimits.maxConnectionsPerAddress,
    admits,
    clock = systemClock,
  } = options;
  let open = 0;
  const openFrom = new Map<string, number>();
  function accept(socket: Socket): void {
    const from = remotePlace(socket.remoteAddress);
    if (admits?.(from) === false) {
      socket.on('error', () => {}).destroy();
      return;
    }
    const others = openFrom.get(from) ?? 0;
    const refused =
      open >= maxConnections
        ? 'maxConnections'
        : from !== '' && others >= maxConnectionsPerAddress
          ? 'maxConnectionsPerAddress'
          : undefined;
    open++;
    openFrom.set(from, others + 1);
    const timer = refused === undefined ? undefined : clock.after(refusedMs, () => socket.destroy());
    timer?.unref();
    socket.on('close', () => {
      open--;
      const left = (openFrom.get(from) ?? 1) - 1;
      if (left === 0) openFrom.delete(from);
      else openFrom.set(from, left);
      timer?.cancel();
    });
    onTransport(createStreamTransport(nameOf(socket), socket), refused, from);
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
