/** moleculer with its TCP transporter, without what it would do besides calling: no discovery, metrics or validation. */

import { once } from 'node:events';
import { createServer } from 'node:net';
import { type BrokerOptions, ServiceBroker } from 'moleculer';
import type { Contender } from '../contender.ts';
import type { Note, Payload } from '../payload.ts';

function createBroker(nodeID: string, ports: Record<'client' | 'server', number>): ServiceBroker {
  const options: BrokerOptions = {
    nodeID,
    logger: false,
    metrics: false,
    tracing: false,
    validator: false,
    // JSON, the default. CBOR is said to be faster, but comes with native packages that a bare registry may not have.
    transporter: {
      type: 'TCP',
      options: {
        udpDiscovery: false,
        port: ports[nodeID as 'client' | 'server'],
        urls: Object.entries(ports)
          .map(([id, port]) => `tcp://127.0.0.1:${port}/${id}`)
          .join(','),
      },
    },
  };
  return new ServiceBroker(options);
}

export const contender: Contender = {
  async serve(service) {
    const ports = { server: await freePort(), client: await freePort() };
    const broker = createBroker('server', ports);
    broker.createService({
      name: 'bench',
      actions: {
        echo: ({ params }: { params: Payload }) => service.echo(params),
        total: () => service.total(),
      },
      events: { note: ({ params }: { params: Note }) => service.note(params) },
    });
    await broker.start();
    return JSON.stringify(ports);
  },

  async connect({ address }) {
    const broker = createBroker('client', JSON.parse(address));
    await broker.start();
    await broker.waitForServices('bench', 20_000);
    return {
      echo: (value) => broker.call('bench.echo', value) as never,
      notify: (value) => broker.emit('note', value) as unknown as Promise<unknown>,
      total: () => broker.call('bench.total'),
      close: () => broker.stop(),
    };
  },
};

/** Each node has to know the port of the other before it starts. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
