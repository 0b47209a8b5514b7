/**
 * The program of a `host` service: loads a module, serves its exports at each inherited listener, says that it is ready, and
 * ends in good order: calls under way finish.
 *
 * Arguments: the URL of the module; its listeners as JSON, `[["web", "tcp://127.0.0.1:8080"]]`; how long it may take to end,
 * in milliseconds.
 */
import { createServer, type Server as NetServer } from 'node:net';
import { KindredError } from '../../base/errors.ts';
import { callEvents } from '../../endpoint/call-events.ts';
import { type Server, serve } from '../../endpoint/serve.ts';
import type { TransportListener } from '../../endpoint/transport-listener.ts';
import { inherited } from '../../handles/inherited.ts';
import { configureShutdown, onShutdown } from '../../process/on-shutdown.ts';
import { ready } from '../../process/ready.ts';
import type { Service } from '../../rpc/service.ts';
import { parseAddress } from '../../transports/address.ts';
import { addressToBind } from '../../transports/exposure.ts';
import { createAcceptor } from '../../transports/listener.ts';
import { socketOptions } from '../../transports/tcp.ts';

async function main(
  url: string,
  listeners: readonly (readonly [name: string, bound: string])[],
  graceMs: number,
) {
  const module = (await import(url)) as Service;
  const servers: Server[] = [];
  configureShutdown({ timeoutMs: graceMs });
  onShutdown(() => Promise.all(servers.map((server) => server.drain({ timeoutMs: graceMs * 0.8 }))), {
    name: 'calls under way',
  });
  for (const [name, bound] of listeners) {
    await checkReach(bound);
    servers.push(
      await serve(inheritedListener(name, bound), module, {
        source: url,
        // Heard by the agent, which counts them.
        middleware: [callEvents()],
      }),
    );
  }
  ready();
}

/** Throws `ERR_INSECURE_ADDRESS` where others than this machine could call. */
async function checkReach(bound: string): Promise<void> {
  const address = parseAddress(bound);
  if (address.kind === 'tls')
    throw new KindredError(
      'ERR_NOT_SUPPORTED',
      `${bound}: a hosted module is served without TLS: use tcp://127.0.0.1`,
    );
  if (address.kind === 'tcp') await addressToBind(bound, address.host, false);
}

/** Listens when the server starts. Options of sockets are the same as of an address that was opened here. */
function inheritedListener(name: string, bound: string): TransportListener {
  const server: NetServer = createServer(socketOptions);
  let connections = 0;
  return {
    address: bound,
    start(onTransport) {
      const nameOf = (): string => `${bound}, connection ${++connections}`;
      createAcceptor(
        nameOf,
        (transport, refused) => {
          if (refused === undefined) onTransport(transport);
          else transport.destroy();
        },
        {},
      ).attach(server);
      inherited(name, server);
    },
    close: () => void server.close(),
    ref: () => void server.ref(),
    unref: () => void server.unref(),
  };
}

const [, , url = '', listeners = '[]', graceMs] = process.argv;
void main(url, JSON.parse(listeners) as [string, string][], Number(graceMs));
