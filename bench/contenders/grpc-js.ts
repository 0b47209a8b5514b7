/** grpc-js over a Unix domain socket, with protobuf messages. */
import { fileURLToPath } from 'node:url';
import {
  type Client,
  credentials,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceClientConstructor,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { Contender } from '../contender.ts';
import type { Payload } from '../payload.ts';

type EchoClient = Client & {
  Echo(value: unknown, callback: (error: Error | null, value: never) => void): void;
};

function loadBench(): ServiceClientConstructor {
  const file = fileURLToPath(new URL('./by-hand/bench.proto', import.meta.url));
  return loadPackageDefinition(loadSync(file, { keepCase: true })).Bench as ServiceClientConstructor;
}

export const contender: Contender = {
  serve: (service, { address }) =>
    new Promise((resolve, reject) => {
      const server = new Server();
      server.addService(loadBench().service, {
        Echo: (call: ServerUnaryCall<Payload, Payload>, answer: sendUnaryData<Payload>) =>
          answer(null, service.echo(call.request)),
      });
      server.bindAsync(`unix:${address}`, ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve(`unix:${address}`) : reject(error),
      );
    }),

  async connect({ address }) {
    const Bench = loadBench();
    const client = new Bench(address, credentials.createInsecure()) as unknown as EchoClient;
    return {
      echo: (value) =>
        new Promise((resolve, reject) => {
          client.Echo(value, (error, answer) => (error === null ? resolve(answer) : reject(error)));
        }),
      close: () => void client.close(),
    };
  },
};
