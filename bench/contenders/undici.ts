/** undici against `node:http` over a Unix domain socket, with as many requests on a connection as it may pipeline. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { Client, type Dispatcher } from 'undici';
import type { Contender } from '../contender.ts';
import type { Payload } from '../payload.ts';

export const contender: Contender = {
  async serve(service, { address }) {
    const server = createServer(async (request, response) => {
      const body = JSON.stringify(service.echo(JSON.parse(await text(request))));
      response.setHeader('content-type', 'application/json');
      response.setHeader('content-length', Buffer.byteLength(body));
      response.end(body);
    });
    server.keepAliveTimeout = 60_000;
    server.listen(address);
    await once(server, 'listening');
    return address;
  },

  async connect({ address }) {
    const client = new Client('http://localhost', { socketPath: address, pipelining: 64 });
    return {
      // Its own benchmark has `dispatch` as the fastest of its interfaces.
      echo: <T extends Payload>(value: T): Promise<T> =>
        new Promise((resolve, reject) => {
          let body = '';
          const options: Dispatcher.DispatchOptions = {
            path: '/echo',
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(value),
            // Without these it sends one request at a time on a connection.
            idempotent: true,
            blocking: false,
          };
          client.dispatch(options, {
            onRequestStart() {},
            onResponseStart() {},
            onResponseData: (_controller, chunk) => {
              body += chunk;
            },
            onResponseEnd: () => resolve(JSON.parse(body)),
            onResponseError: (_controller, error) => reject(error),
          });
        }),
      close: () => client.destroy(),
    };
  },
};
