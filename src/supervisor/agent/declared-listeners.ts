/**
 * A server that is told to listen where a listener of this service is declared gets the inherited socket instead, without
 * knowing of it. What is asked for anything else binds as usual.
 */
import { Server } from 'node:net';
import { inherited } from '../../handles/inherited.ts';
import type { AgentOrders } from './agent-orders.ts';

/** Where a server wants to listen. */
type Place = { port: number; host: string | undefined } | { path: string };

type Declared = AgentOrders['listeners'][number];

/** From now on, for servers of this thread. Each listener is given once. */
export function giveDeclared(declared: readonly Declared[]): void {
  if (declared.length === 0) return;
  const left = [...declared];
  const own = Server.prototype.listen;
  function listen(this: Server, ...args: unknown[]): Server {
    const place = placeIn(args);
    const at = place === undefined ? -1 : left.findIndex((each) => isDeclared(place, each));
    const [found] = at === -1 ? [] : left.splice(at, 1);
    if (found === undefined || place === undefined || !inherited().includes(found.name))
      return Reflect.apply(own, this, args) as Server;
    const callback = args.at(-1);
    if (typeof callback === 'function') this.once('listening', callback as () => void);
    const { signal } = Object(args[0]) as { signal?: AbortSignal };
    signal?.addEventListener('abort', () => this.close(), { once: true });
    inherited(found.name, this);
    if ('path' in place) tellPath(this, place.path);
    return this;
  }
  Object.defineProperty(Server.prototype, 'listen', { value: listen, writable: true, configurable: true });
}

/** As Node.js reads them: `(port, host)`, `(path)`, `({ port, host, path })`. Undefined for what names no place. */
function placeIn([first, second]: unknown[]): Place | undefined {
  if (typeof first === 'object' && first !== null) {
    const { port, host, path, fd, _handle, handle } = first as Record<string, unknown>;
    // An open socket, or a server.
    if (fd !== undefined || _handle !== undefined || handle !== undefined) return undefined;
    return placeOf(port ?? path, host);
  }
  return placeOf(first, second);
}

function placeOf(at: unknown, host: unknown): Place | undefined {
  if (typeof at === 'number' || (typeof at === 'string' && /^\d+$/.test(at)))
    return { port: Number(at), host: typeof host === 'string' && host !== '' ? host : undefined };
  return typeof at === 'string' ? { path: at } : undefined;
}

function isDeclared(place: Place, { at }: Declared): boolean {
  return at.some((address) => {
    if ('path' in place) return address === `unix:${place.path}`;
    const [, host = '', port] = /^(?:tcp|tls):\/\/(.*):(\d+)$/.exec(address) ?? [];
    // Port 0 asks for any that is free.
    if (place.port === 0 || Number(port) !== place.port) return false;
    return isMeant(place.host, host.replace(/^\[(.*)\]$/, '$1'));
  });
}

/** Whether a listener at one host is what a program that asks for the other means. */
function isMeant(asked: string | undefined, declared: string): boolean {
  const wanted = asked?.toLowerCase();
  if (wanted === undefined || isAny(wanted) || isAny(declared) || wanted === declared.toLowerCase())
    return true;
  const isLocal = (host: string): boolean => host === 'localhost' || host === '127.0.0.1' || host === '::1';
  // A name that means both addresses of this machine.
  return (wanted === 'localhost' || declared === 'localhost') && isLocal(wanted) && isLocal(declared);
}

function isAny(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** Node.js knows the path of a socket only where it has bound it itself. */
function tellPath(server: Server, path: string): void {
  const { address } = server;
  server.address = function tell(this: Server) {
    return address.call(this) ?? (this.listening ? path : null);
  };
}
