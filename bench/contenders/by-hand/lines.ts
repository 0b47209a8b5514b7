/** What the contenders by hand share: cutting a stream of text into lines, and a server at a Unix domain socket. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export function readLines(socket: Socket, onLine: (line: string) => void, onChunkEnd?: () => void): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const text = rest === '' ? chunk : rest + chunk;
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      onLine(text.slice(start, end));
      start = end + 1;
    }
    rest = start === 0 ? text : text.slice(start);
    onChunkEnd?.();
  });
}

export async function listen(path: string, onSocket: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    // A client that ends its round just goes away.
    socket.on('error', () => socket.destroy());
    onSocket(socket);
  });
  server.listen(path);
  await once(server, 'listening');
  return path;
}

export async function dial(path: string): Promise<Socket> {
  const socket = connect(path);
  await once(socket, 'connect');
  return socket;
}

const drains = new WeakMap<Socket, Promise<unknown>>();

/** Resolves when there is room again; undefined where there is room. */
export function room(socket: Socket, written: boolean): Promise<unknown> | undefined {
  if (written) return undefined;
  // One for all that are refused until then.
  let drain = drains.get(socket);
  if (drain === undefined) {
    drain = once(socket, 'drain').finally(() => drains.delete(socket));
    drains.set(socket, drain);
  }
  return drain;
}
