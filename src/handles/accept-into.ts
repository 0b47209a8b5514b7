/** From a connection that came over a channel to the server that is to serve it. */
import { Server, Socket } from 'node:net';
import { KindredError } from '../base/errors.ts';
import type { Handle } from './givable.ts';

/**
 * What `takeHandles` calls so that every socket it takes is served by this server as if it had accepted it, and every
 * connection of a listening server that it takes likewise. For servers of `net`, `http`, `http2`, `tls` and `https`; the
 * server need not listen.
 *
 * The function throws `ERR_BAD_ARGUMENT` for a datagram socket.
 */
export function acceptInto(server: Server): (handle: Handle) => void {
  watchConnections(server);
  const accept = (socket: Socket): void => {
    const { allowHalfOpen, noDelay, keepAlive, keepAliveInitialDelay } = server as ServerSettings;
    // As the server would have made it. An HTTP server answers clients that have ended their side already.
    socket.allowHalfOpen = allowHalfOpen === true;
    if (noDelay === true) socket.setNoDelay(true);
    if (keepAlive === true) socket.setKeepAlive(true, keepAliveInitialDelay);
    server.emit('connection', socket);
  };
  return (handle) => {
    if (handle instanceof Socket) accept(handle);
    else if (handle instanceof Server) handle.on('connection', accept);
    else
      throw new KindredError(
        'ERR_BAD_ARGUMENT',
        'acceptInto takes sockets and servers, and a datagram socket came',
      );
  };
}

/** What Node.js keeps of the options of a server, in milliseconds where it is a time. */
type ServerSettings = Server & {
  allowHalfOpen?: boolean;
  noDelay?: boolean;
  keepAlive?: boolean;
  keepAliveInitialDelay?: number;
};

/**
 * An HTTP server begins to watch over its connections (`headersTimeout`, `requestTimeout`, `closeIdleConnections`) when
 * it begins to listen, which this one may never do. Where Node.js has no such listener any more, nothing is done.
 */
function watchConnections(server: Server): void {
  if (server.listening) return;
  for (const listener of server.rawListeners('listening'))
    if (listener.name === 'setupConnectionsTracking') listener.call(server);
}
