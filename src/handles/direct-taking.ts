/**
 * The taking side of a direct hand-over: a helper for each connection (direct-helper.ts), and nobody reads of a socket
 * before its giver has said that it is ours.
 */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { type Server, Socket } from 'node:net';
import { KindredError } from '../base/errors.ts';
import { countOf } from './bounds.ts';
import { startRelaying } from './direct-processes.ts';
import { drop, isUsable } from './givable.ts';
import { startReading, stopReading } from './node-internals.ts';

export interface TakeDirectlyOptions {
  /** How many hand-overs may be under way at once; one more is turned away. Default 16. */
  maxUnderWay?: number | undefined;
  /** How long one may take, in milliseconds. Default 10,000. */
  timeoutMs?: number | undefined;
}

export interface DirectTaking {
  /** Takes no more; resolves when none is under way. The server stays as it is. */
  close(): Promise<void>;
}

/** What `takeDirectly` does; connections wait for `ready`, and are turned away where it rejects. */
export function takeOver(
  server: Server,
  onSocket: (socket: Socket, note: unknown) => void,
  { maxUnderWay, timeoutMs = 10_000 }: TakeDirectlyOptions,
  ready: Promise<void>,
): DirectTaking {
  if ((server as { pauseOnConnect?: boolean }).pauseOnConnect !== true)
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      'a server where sockets are taken must not read: make it with net.createServer({ pauseOnConnect: true })',
    );
  const most = countOf('maxUnderWay', maxUnderWay, 16);
  const underWay = new Set<Promise<void>>();
  const onConnection = (connection: Socket): void => {
    connection.on('error', () => {});
    if (underWay.size >= most) return void connection.destroy();
    const done = ready
      .then(
        () => takeOne(connection, timeoutMs, onSocket),
        () => void connection.destroy(),
      )
      .finally(() => underWay.delete(done));
    underWay.add(done);
  };
  server.on('connection', onConnection);
  return {
    async close() {
      server.off('connection', onConnection);
      await Promise.all(underWay);
    },
  };
}

/** Resolves when the helper has ended. */
async function takeOne(
  connection: Socket,
  timeoutMs: number,
  onSocket: (socket: Socket, note: unknown) => void,
): Promise<void> {
  if (connection.destroyed) return;
  const relay = startRelaying(connection);
  const timer = setTimeout(() => relay.kill('SIGKILL'), timeoutMs);
  let arrived: { socket: Socket; note: unknown; bytes: Buffer } | undefined;
  relay.on('message', (said: unknown, handle: unknown) => {
    if (handle instanceof Socket && arrived === undefined && isUsable(handle)) {
      stopReading(handle);
      const { note = null, bytes } = said as { note?: unknown; bytes?: unknown };
      arrived = { socket: handle, note, bytes: Buffer.from(String(bytes ?? ''), 'base64') };
      relay.send('wanted', () => {});
    } else if (said === 'yours' && arrived !== undefined) {
      const { socket, note, bytes } = arrived;
      arrived = undefined;
      if (bytes.length > 0) socket.unshift(bytes);
      startReading(socket);
      onSocket(socket, note);
    } else {
      if (handle instanceof Socket) drop(handle);
      relay.kill('SIGKILL');
    }
  });
  // A helper that cannot be started has no exit.
  await once(relay, 'exit').catch(() => {});
  clearTimeout(timer);
  // What it had said before its end is heard first.
  if (relay.connected)
    await Promise.race([once(relay, 'disconnect'), new Promise((resolve) => setTimeout(resolve, 500))]);
  drop(arrived?.socket);
  arrived = undefined;
}
