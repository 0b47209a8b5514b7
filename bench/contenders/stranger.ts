/**
 * JSON-RPC 2.0 by line, written by somebody who does not know Kindred, one write for each message. Both halves are
 * also used against Kindred.
 */
import type { Contender } from '../contender.ts';
import type { Payload } from '../payload.ts';
import { dial, listen, readLines } from './by-hand/lines.ts';

export const contender: Contender & Required<Pick<Contender, 'serve'>> = {
  serve: (service, { address }) =>
    listen(address, (socket) =>
      readLines(socket, (line) => {
        const { id, params } = JSON.parse(line);
        socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, result: service.echo(params[0]) })}\n`);
      }),
    ),

  async connect({ address }) {
    const socket = await dial(address.replace(/^unix:/, ''));
    const waiting = new Map<number, (result: never) => void>();
    let lastId = 0;
    readLines(socket, (line) => {
      const { id, result } = JSON.parse(line);
      waiting.get(id)?.(result as never);
      waiting.delete(id);
    });
    return {
      echo: <T extends Payload>(value: T) =>
        new Promise<T>((resolve) => {
          const id = ++lastId;
          waiting.set(id, resolve);
          socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, method: 'echo', params: [value] })}\n`);
        }),
      close: () => void socket.destroy(),
    };
  },
};
