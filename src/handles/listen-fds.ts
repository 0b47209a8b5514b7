/**
 * Listening sockets for a child of any language, by the protocol of systemd: descriptors from 3 on, and three variables.
 *
 * `LISTEN_PID` is the child's own pid, which nobody knows before it runs: `/bin/sh` sets it to its own, and becomes the
 * child. The command and its arguments are arguments of that shell, never part of what it reads as its program.
 *
 * Whoever shares a listening socket shares its settings, too: Node.js has made it non-blocking, and must find it so. A
 * child that makes it blocking blocks the event loop of every Node.js that still accepts on it.
 */
import type { IOType } from 'node:child_process';
import type { Socket as DatagramSocket } from 'node:dgram';
import { fstatSync } from 'node:fs';
import type { Server } from 'node:net';
import { KindredError } from '../base/errors.ts';
import { descriptorOf } from './node-internals.ts';

/** A listening server, a bound datagram socket, a `net.BoundSocket`, or the number of a descriptor of this process. */
export type Inheritable = Server | DatagramSocket | { fd(): number } | number;

export interface ListenFdsOptions {
  /** Of the child's stdin, stdout and stderr. Default: as whoever starts it does by default. */
  stdio?: readonly (IOType | number | null | undefined)[] | undefined;
  /** The child's environment, exact where given; the variables are added. Default: that of this process. */
  env?: NodeJS.ProcessEnv | undefined;
}

/** What to start so that the child finds the listeners: for `spawn` of `kindred/process` or of Node.js. */
export interface ListenPlan {
  command: string;
  args: string[];
  stdio: (IOType | number | null | undefined)[];
  env: NodeJS.ProcessEnv;
}

export const firstListenFd = 3;

/**
 * How to start a program that inherits these listeners, under these names. A Node.js child takes them with `inherited`.
 *
 * What else the child gets (its channel) comes behind them. A command that is not found shows as exit code 127 of the
 * shell, one that cannot be run as 126. The listeners must stay open here until the child is started.
 *
 * Throws `ERR_BAD_ARGUMENT` for a name that cannot be told or a descriptor that is no socket, and `ERR_NOT_SUPPORTED` on
 * Windows and for a server without a descriptor.
 */
export function listenFds(
  listeners: Readonly<Record<string, Inheritable>>,
  command: string,
  args: readonly string[] = [],
  options: ListenFdsOptions = {},
): ListenPlan {
  if (process.platform === 'win32')
    throw new KindredError('ERR_NOT_SUPPORTED', 'Windows passes no listening descriptors to children');
  const { stdio: [stdin, stdout, stderr, ...more] = [], env = process.env } = options;
  if (more.length > 0)
    throw bad('stdio is for descriptors 0 to 2 only: the listeners come right behind them');
  // A shell could take it for an option.
  if (command === '' || command.startsWith('-')) throw bad(`${JSON.stringify(command)} is no command`);
  const names = Object.keys(listeners);
  if (names.length === 0) throw bad('there are no listeners to inherit');
  for (const name of names) checkName(name);
  const { LISTEN_PID: _ownPid, ...rest } = env;
  return {
    command: '/bin/sh',
    args: ['-c', 'export LISTEN_PID=$$; exec "$@"', 'sh', command, ...args],
    stdio: [stdin, stdout, stderr, ...Object.values(listeners).map(numberOf)],
    env: { ...rest, LISTEN_FDS: String(names.length), LISTEN_FDNAMES: names.join(':') },
  };
}

function numberOf(listener: Inheritable): number {
  const fd = typeof listener === 'number' ? listener : descriptorOf(listener);
  if (!isSocket(fd)) throw bad(`descriptor ${fd} is no open socket`);
  return fd;
}

export function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}

/** As sd_listen_fds(3) has them: printable ASCII without the colon that parts them. */
function checkName(name: string): void {
  if (!/^[\x20-\x39\x3b-\x7e]{1,255}$/.test(name))
    throw bad(
      `${JSON.stringify(name)} is no name of a listener: take up to 255 printable ASCII characters without ':'`,
    );
}

function bad(message: string): KindredError {
  return new KindredError('ERR_BAD_ARGUMENT', `listenFds: ${message}`);
}
