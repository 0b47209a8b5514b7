/** A caller that knows nothing of Kindred: it writes a line, and reads a line. */
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';

export interface Line {
  ask(request: string): Promise<string>;
  close(): void;
}

export async function openLine({ hostname, port }: URL): Promise<Line> {
  const socket = createConnection({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  const lines = createInterface(socket)[Symbol.asyncIterator]();
  return {
    async ask(request) {
      socket.write(`${request}\n`);
      const { done, value } = await lines.next();
      if (done) throw new Error('the connection was closed without an answer');
      return value;
    },
    close: () => socket.destroy(),
  };
}
