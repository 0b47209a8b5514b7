/**
 * The listening sockets that this process was started with: by `listenFds` of a Kindred, or by systemd.
 *
 * The variables are taken out of the environment when they are first asked for, so that no grandchild takes the
 * descriptors of this process for its own. Node.js has no way to mark a descriptor to be closed in children; it marks
 * those that it was started with itself (see docs/reference/handles.md for what that covers).
 */
import { Socket as DatagramSocket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import { isMainThread } from 'node:worker_threads';
import { KindredError } from '../base/errors.ts';
import { firstListenFd, isSocket } from './listen-fds.ts';

/** The names of the listeners that were inherited and are not taken yet, in the order of their descriptors. */
export function inherited(): string[];
/** A server that listens on the inherited socket of that name. Attach its listeners at once; `listening` follows. */
export function inherited(name: string): Server;
/**
 * This server, which now listens on the inherited socket of that name; or this datagram socket, bound to it.
 *
 * Several listeners of one name are taken one after another. Throws `ERR_NOT_REACHABLE` where none of that name is left,
 * and `ERR_BAD_ADDRESS` where the variables say what cannot be so.
 */
export function inherited<Listener extends Server | DatagramSocket>(
  name: string,
  listener: Listener,
): Listener;
export function inherited(
  name?: string,
  listener?: Server | DatagramSocket,
): string[] | Server | DatagramSocket {
  if (!isMainThread)
    throw new KindredError(
      'ERR_NOT_SUPPORTED',
      'inherited listeners belong to the main thread: take them there',
    );
  shared[key] ??= readInheritance(process.env, process.pid);
  const own = shared[key];
  if (name === undefined) return own.listeners.map((each) => each.name);
  const taken = takeInherited(own, name);
  if (typeof taken === 'number') return listenOn(taken, listener ?? createServer());
  if (!(listener instanceof DatagramSocket)) return taken(listener ?? createServer());
  throw new KindredError('ERR_BAD_ARGUMENT', `listener '${name}' gives connections, and no datagrams`);
}

/** Has a server get the connections of a listener that this process has no descriptor of. */
export type Attach = (server: Server) => Server;

/** One more that can be taken as if it were inherited. */
export function addInherited(name: string, attach: Attach): void {
  shared[key] ??= readInheritance(process.env, process.pid);
  shared[key].listeners.push({ name, attach });
}

export interface Inheritance {
  /** Not taken yet. */
  readonly listeners: Inherited[];
  /** Why there are none, where there are none. */
  readonly reason: string;
}

type Inherited =
  | { readonly name: string; readonly fd: number }
  | { readonly name: string; readonly attach: Attach };

const key = Symbol.for('kindred.inherited');
// What a process was started with, it was started with once: one for all copies of the package in it.
const shared = globalThis as { [key]?: Inheritance };

/** Reads what the variables say, and takes them out. Throws `ERR_BAD_ADDRESS` where it cannot be so. */
export function readInheritance(
  env: NodeJS.ProcessEnv,
  pid: number,
  isOpenSocket: (fd: number) => boolean = isSocket,
): Inheritance {
  const { LISTEN_PID: meant, LISTEN_FDS: count, LISTEN_FDNAMES: names } = env;
  for (const variable of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[variable];
  if (count === undefined || meant === undefined)
    return {
      listeners: [],
      reason: 'this process was started with none (LISTEN_FDS and LISTEN_PID are not set)',
    };
  if (meant !== String(pid))
    return {
      listeners: [],
      reason: `those that there are were meant for process ${meant}, and this is ${pid}`,
    };
  const fds = /^\d{1,5}$/.test(count) ? Number(count) : undefined;
  if (fds === undefined)
    throw wrong(`LISTEN_FDS is ${JSON.stringify(count)}, which is no number of descriptors`);
  const named = names === undefined || names === '' ? [] : names.split(':');
  if (named.length > 0 && named.length !== fds)
    throw wrong(`LISTEN_FDNAMES names ${named.length} descriptors, and LISTEN_FDS says ${fds}`);
  const listeners = Array.from({ length: fds }, (_, i) => ({
    // As sd_listen_fds_with_names(3) calls those without a name.
    name: named[i] ?? 'unknown',
    fd: firstListenFd + i,
  }));
  for (const { name, fd } of listeners)
    if (!isOpenSocket(fd)) throw wrong(`descriptor ${fd}, '${name}', is no open socket here`);
  return { listeners, reason: 'all that there were are taken' };
}

/** The descriptor of the first that has the name, or what gives its connections; it is taken from now on. Throws `ERR_NOT_REACHABLE`. */
export function takeInherited({ listeners, reason }: Inheritance, name: string): number | Attach {
  const at = listeners.findIndex((each) => each.name === name);
  const [taken] = at === -1 ? [] : listeners.splice(at, 1);
  if (taken !== undefined) return 'fd' in taken ? taken.fd : taken.attach;
  const left = listeners.map((each) => `'${each.name}'`).join(', ');
  throw new KindredError(
    'ERR_NOT_REACHABLE',
    `no listener '${name}' was inherited: ${left === '' ? reason : `there are ${left}`}`,
    { retryable: false },
  );
}

function listenOn(fd: number, listener: Server | DatagramSocket): Server | DatagramSocket {
  if (listener instanceof DatagramSocket) return listener.bind({ fd });
  return listener.listen({ fd });
}

function wrong(fault: string): KindredError {
  return new KindredError('ERR_BAD_ADDRESS', `inherited: ${fault}`);
}
