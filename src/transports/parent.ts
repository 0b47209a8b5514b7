/**
 * The channel that the process which started this one has given it: an extra descriptor, native IPC, or stdio.
 *
 * The parent says which in an environment variable, `KINDRED_CHANNEL`: `fd:3`, `ipc` or `stdio`, with `;kindred` where
 * both are known to be Kindreds. It is removed at once, so that no grandchild takes a channel for its own that belongs
 * to this process. A parent that says nothing has given IPC where there is `process.send`, else stdio where stdin is a
 * pipe, a socket or a file.
 */
import type { Stats } from 'node:fs';
import type { Socket } from 'node:net';
import { isMainThread } from 'node:worker_threads';
import { KindredError } from '../base/errors.ts';
import { channelVariable } from '../process/channel-variable.ts';
import { openSocket } from './direct-reads.ts';

export type ParentChannel =
  | { kind: 'descriptor'; socket: Socket; kindred: boolean }
  | { kind: 'ipc'; kindred: boolean }
  | { kind: 'stdio'; kindred: boolean }
  | { kind: 'thread' };

/** Throws `ERR_NOT_REACHABLE` where the parent gave none, and `ERR_BAD_ADDRESS` where what it says cannot be so. */
export function findParent(): ParentChannel {
  if (!isMainThread) return { kind: 'thread' };
  const told = process.env[channelVariable];
  delete process.env[channelVariable];
  if (told === undefined || told === '') return guessParent();
  const [channel = '', ...flags] = told.split(';');
  const kindred = flags.includes('kindred');
  const fd = /^fd:(\d{1,7})$/.exec(channel)?.[1];
  if (fd !== undefined) return { kind: 'descriptor', socket: openDescriptor(Number(fd)), kindred };
  if (channel === 'stdio') return { kind: 'stdio', kindred };
  if (channel === 'ipc') {
    if (process.connected === true) return { kind: 'ipc', kindred };
    throw wrong('names the IPC channel, which is not there, or closed: start this process with one');
  }
  throw wrong(`is ${JSON.stringify(told)}: it must be fd:NUMBER, ipc or stdio`);
}

function guessParent(): ParentChannel {
  if (process.connected === true) return { kind: 'ipc', kindred: false };
  // A terminal, or /dev/null as services and cron jobs have it, is nobody's end of a channel.
  const stdin = look(0);
  if (stdin !== undefined && (stdin.isFIFO() || stdin.isSocket() || stdin.isFile()))
    return { kind: 'stdio', kindred: false };
  throw new KindredError(
    'ERR_NOT_REACHABLE',
    'parent: the process that started this one gave it no channel: start it with spawn or fork of kindred/process, or serve at local:NAME',
    { outcome: 'not-sent', retryable: false },
  );
}

function openDescriptor(fd: number): Socket {
  // Windows tells no more of a descriptor than that it is open.
  if (look(fd)?.isSocket() !== true && (process.platform !== 'win32' || look(fd) === undefined))
    throw wrong(`names descriptor ${fd}, which is no open socket here: pass it on, or remove the variable`);
  return openSocket(fd);
}

function look(fd: number): Stats | undefined {
  try {
    // To import it costs every program 3 ms, also those that have no such parent.
    return process.getBuiltinModule('node:fs').fstatSync(fd);
  } catch {
    return undefined;
  }
}

function wrong(fault: string): KindredError {
  return new KindredError('ERR_BAD_ADDRESS', `parent: the variable ${channelVariable} ${fault}`, {
    outcome: 'not-sent',
  });
}
