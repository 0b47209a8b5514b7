/** capnweb over a Unix domain socket: its messages are strings, so a line is one. The transport is left to its user. */
import type { Socket } from 'node:net';
import { RpcSession, RpcTarget, type RpcTransport } from 'capnweb';
import type { Contender } from '../contender.ts';
import type { Payload } from '../payload.ts';
import { dial, listen, readLines } from './by-hand/lines.ts';

interface Remote {
  echo<T extends Payload>(value: T): Promise<T>;
}

/** What has arrived, or whoever waits for it. */
function createTransport(socket: Socket): RpcTransport {
  const arrived: string[] = [];
  let taken = 0;
  let waiting: ((line: string) => void) | undefined;
  readLines(socket, (line) => {
    if (waiting === undefined) {
      arrived.push(line);
      return;
    }
    const take = waiting;
    waiting = undefined;
    take(line);
  });
  return {
    send: (message) => void socket.write(`${message}\n`),
    receive() {
      const line = arrived[taken++];
      if (line !== undefined) return Promise.resolve(line);
      arrived.length = 0;
      taken = 0;
      return new Promise((resolve) => {
        waiting = resolve;
      });
    },
    abort: () => void socket.destroy(),
  };
}

export const contender: Contender = {
  serve(service, { address }) {
    class Target extends RpcTarget {
      echo(value: Payload): Payload {
        return service.echo(value);
      }
    }
    return listen(address, (socket) => void new RpcSession(createTransport(socket), new Target()));
  },

  async connect({ address }) {
    const socket = await dial(address);
    const remote = new RpcSession(createTransport(socket)).getRemoteMain() as unknown as Remote;
    return {
      echo: (value) => remote.echo(value),
      close: () => void socket.destroy(),
    };
  },
};
