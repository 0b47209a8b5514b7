/**
 * The servers of this process, whoever has made them: Node.js tells of each one that begins to listen.
 *
 * ```
 *   open --drain()--> draining --the last connection has ended--> closed
 * ```
 * A server that drains accepts no more. Over HTTP each answer whose headers are written from then on says
 * `Connection: close`, and only a connection on which nothing comes is closed: `server.close()` would cut all idle ones at
 * once, with the request that is on its way there (nodejs/node#60617).
 */
import { subscribe } from 'node:diagnostics_channel';
import { type EventEmitter, errorMonitor } from 'node:events';
import type { Server as HttpServer, ServerResponse } from 'node:http';
import { Server, type Socket } from 'node:net';
import { answerUnderWay } from '../handles/node-internals.ts';

/** How often the connections are closed on which nothing is under way, in milliseconds. */
const idleMs = 500;

export class OwnServers {
  readonly #servers = new Set<Server>();
  /** Each until it listens, or cannot. */
  readonly #starting = new Set<Promise<void>>();
  /** Accepted by servers of this process, and open. */
  readonly #sockets = new Set<Socket>();

  /** Knows those that begin to listen from now on. */
  constructor() {
    subscribe('tracing:net.server.listen:asyncStart', (message) =>
      this.#add((message as { server: Server }).server),
    );
    subscribe('net.server.socket', (message) => {
      const { socket } = message as { socket: Socket };
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Resolves when all that were told to listen do. Rejects where one of them cannot. */
  async listening(): Promise<void> {
    while (this.#starting.size > 0) await Promise.all(this.#starting);
  }

  /** Resolves when the last connection has ended. */
  async drain(): Promise<void> {
    subscribe('http.server.request.start', (message) =>
      markLast((message as { response: ServerResponse }).response),
    );
    for (const socket of this.#sockets) {
      const response = answerUnderWay(socket);
      if (response !== undefined) markLast(response);
    }
    const closing = [...this.#servers].map(
      (server) => new Promise<unknown>((resolve) => Server.prototype.close.call(server, resolve)),
    );
    const timer = setInterval(() => {
      for (const server of this.#servers) (server as Partial<HttpServer>).closeIdleConnections?.();
    }, idleMs);
    await Promise.all(closing);
    clearInterval(timer);
  }

  #add(server: Server): void {
    this.#servers.add(server);
    const told: [string | symbol, (error: Error) => void][] = [];
    const starting = new Promise<void>((resolve, reject) => {
      told.push(['listening', () => resolve()], ['close', () => resolve()], [errorMonitor, reject]);
    }).finally(() => {
      this.#starting.delete(starting);
      for (const [event, listener] of told) emitter.off(event, listener);
    });
    const emitter: EventEmitter = server;
    for (const [event, listener] of told) emitter.on(event, listener);
    this.#starting.add(starting);
    // Node.js tells whoever has made the server; here it only must not be told twice.
    starting.catch(() => {});
    server.once('close', () => this.#servers.delete(server));
  }
}

function markLast(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('connection', 'close');
}
