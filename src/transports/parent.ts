/**
 * The channel that the process which started this one has given it: an extra descriptor, native IPC, or stdio.
 *
 * The parent says which in an environment variable. It is removed at once, so that no grandchild takes a channel for its
 * own that belongs to this process.
 */
import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import { isMainThread } from 'node:worker_threads';
import { KindredError } from '../base/errors.ts';
import { channelVariable } from '../process/child.ts';

export type ParentChannel =
  | { kind: 'descriptor'; socket: Socket; kindred: boolean }
  | { kind: 'ipc'; kindred: boolean }
  | { kind: 'stdio'; kindred: boolean }
  | { kind: 'thread' };

/** Throws `ERR_NOT_REACHABLE` where the parent gave none, and `ERR_BAD_ADDRESS` where what it gave is no open descriptor. */
export function findParent(): ParentChannel {
  if (!isMainThread) return { kind: 'thread' };
  const told = process.env[channelVariable];
  delete process.env[channelVariable];
  const [channel = '', ...flags] = (told ?? '').split(';');
  const kindred = flags.includes('kindred');
  if (channel.startsWith('fd:'))
    return { kind: 'descriptor', socket: openDescriptor(Number(channel.slice(3))), kindred };
  if (channel === 'ipc' || (channel === '' && process.send !== undefined)) return { kind: 'ipc', kindred };
  if (channel === 'stdio' || (channel === '' && !process.stdin.isTTY)) return { kind: 'stdio', kindred };
  throw new KindredError(
    'ERR_NOT_REACHABLE',
    'parent: the process that started this one gave it no channel: start it with spawn or fork of kindred/process',
    {
      outcome: 'not-sent',
    },
  );
}

function openDescriptor(fd: number): Socket {
  try {
    fstatSync(fd);
    return new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
  } catch (cause) {
    throw new KindredError(
      'ERR_BAD_ADDRESS',
      `parent: descriptor ${fd}, which ${channelVariable} names, is not open here: pass it on, or remove the variable`,
      {
        cause,
        outcome: 'not-sent',
      },
    );
  }
}
