/** `memory:NAME` addresses: who serves in this process (or thread), by name. */
import { KindredError } from '../base/errors.ts';
import { createMemoryPair } from '../channel/memory.ts';
import type { ValueTransport } from '../channel/transport.ts';
import { InPlacePassage } from '../handles/in-place.ts';
import type { Listener } from '../transports/listener.ts';

interface MemoryServer {
  onTransport(transport: ValueTransport): void;
  readonly maxConnections: number;
  /** Connections that are open. */
  open: number;
}

// The names of this process are a fact of it, as its pid is.
const servers = new Map<string, MemoryServer>();

export function dialMemory(name: string): ValueTransport {
  const server = servers.get(name);
  if (server === undefined)
    throw new KindredError('ERR_NOT_REACHABLE', `memory:${name} is served by nobody in this process`, {
      outcome: 'not-sent',
    });
  if (server.open >= server.maxConnections)
    throw new KindredError(
      'ERR_LIMIT',
      `memory:${name}: one connection more than maxConnections (${server.maxConnections})`,
      { outcome: 'not-sent' },
    );
  server.open++;
  const [here, there] = createMemoryPair({
    name: `memory:${name}`,
    handles: InPlacePassage.pair(),
    onClosed: () => server.open--,
  });
  server.onTransport(there);
  return here;
}

export function listenMemory(
  name: string,
  maxConnections: number,
  onTransport: (transport: ValueTransport) => void,
): Listener {
  if (servers.has(name))
    throw new KindredError(
      'ERR_ADDRESS_IN_USE',
      `memory:${name} is served already in this process (pid ${process.pid})`,
    );
  const server: MemoryServer = { onTransport, maxConnections, open: 0 };
  servers.set(name, server);
  const { promise: closed, resolve } = Promise.withResolvers<undefined>();
  const close = async (): Promise<void> => {
    if (servers.get(name) === server) servers.delete(name);
    resolve(undefined);
  };
  return { address: `memory:${name}`, closed, close, ref() {}, unref() {} };
}
