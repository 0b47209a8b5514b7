/** `memory:NAME` addresses: who serves in this process (or thread), by name. */
import { KindredError } from '../base/errors.ts';
import { createMemoryPair } from '../channel/memory.ts';
import type { ValueTransport } from '../channel/transport.ts';
import type { Listener } from '../transports/listener.ts';

// The names of this process are a fact of it, as its pid is.
const servers = new Map<string, (transport: ValueTransport) => void>();

export function dialMemory(name: string): ValueTransport {
  const onTransport = servers.get(name);
  if (onTransport === undefined)
    throw new KindredError('ERR_NOT_REACHABLE', `memory:${name} is served by nobody in this process`, {
      outcome: 'not-sent',
    });
  const [here, there] = createMemoryPair({ name: `memory:${name}` });
  onTransport(there);
  return here;
}

export function listenMemory(name: string, onTransport: (transport: ValueTransport) => void): Listener {
  if (servers.has(name))
    throw new KindredError(
      'ERR_ADDRESS_IN_USE',
      `memory:${name} is served already in this process (pid ${process.pid})`,
    );
  servers.set(name, onTransport);
  const { promise: closed, resolve } = Promise.withResolvers<undefined>();
  const close = async (): Promise<void> => {
    if (servers.get(name) === onTransport) servers.delete(name);
    resolve(undefined);
  };
  return { address: `memory:${name}`, closed, close, ref() {}, unref() {} };
}
