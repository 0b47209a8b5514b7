/**
 * The giving side of a direct hand-over. Whoever gives decides whose the socket is: until our word `y`, which answers the
 * other end's question, it is ours; from then on it is theirs, whatever becomes of the helpers (direct-helper.ts).
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { KindredError } from '../base/errors.ts';
import { msOf } from './bounds.ts';
import { startGiving } from './direct-processes.ts';
import { checkGivable, isGone, moving } from './givable.ts';
import type { Given } from './hand-over.ts';
import { forgetServer } from './node-internals.ts';
import { putBack, type ReadAhead, takeOut } from './read-ahead.ts';

export interface GiveDirectlyOptions {
  /** Told to the other end with the socket: a JSON value. Default null. */
  note?: unknown;
  /** How long the other end may take, in milliseconds. Default 10,000. */
  timeoutMs?: number | undefined;
  /** Takes it back as long as the other end has not taken it. */
  signal?: AbortSignal | undefined;
}

/** What `giveDirectly` does, without asking whether it can be done here. */
export async function giveOver(path: string, socket: Socket, options: GiveDirectlyOptions): Promise<Given> {
  const timeoutMs = msOf('timeoutMs', options.timeoutMs, 10_000);
  if (isGone(socket)) return { kind: 'gone' };
  checkGivable(socket, false, path);
  moving.add(socket);
  try {
    const connection = await open(path);
    const readAhead = takeOut(socket);
    forgetServer(socket);
    const how = await pass(connection, socket, readAhead, timeoutMs, options);
    if (how === 'taken') {
      socket.destroy();
      return { kind: 'accepted' };
    }
    if (isGone(socket)) return { kind: 'gone' };
    putBack(socket, readAhead);
    if (how !== 'cancelled') return { kind: 'returned', why: how };
    throw new KindredError(
      'ERR_CANCELLED',
      `the hand-over to ${path} was cancelled before the socket was taken`,
    );
  } finally {
    moving.delete(socket);
  }
}

async function pass(
  connection: Socket,
  socket: Socket,
  { bytes }: ReadAhead,
  timeoutMs: number,
  { note = null, signal }: GiveDirectlyOptions,
): Promise<'taken' | 'late' | 'cancelled' | 'dead'> {
  const helper = startGiving(connection, socket);
  let end: 'late' | 'cancelled' | 'dead' = 'dead';
  const giveUp = (why: typeof end): void => {
    end = why;
    helper.kill('SIGKILL');
  };
  const timer = setTimeout(giveUp, timeoutMs, 'late');
  const onAbort = (): void => giveUp('cancelled');
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  helper.stdin?.on('error', () => {});
  helper.stdin?.write(`${JSON.stringify({ note, bytes: bytes.toString('base64') })}\n`);
  const isTaken = await new Promise<boolean>((resolve) => {
    helper.once('exit', () => resolve(false)).once('error', () => resolve(false));
    helper.stdout?.once('data', () => {
      // Given up by now, or closed: then no word of ours goes out any more.
      if (end !== 'dead' || isGone(socket)) return void helper.kill('SIGKILL');
      helper.stdin?.end('y\n');
      resolve(true);
    });
  });
  clearTimeout(timer);
  signal?.removeEventListener('abort', onAbort);
  return isTaken ? 'taken' : end;
}

async function open(path: string): Promise<Socket> {
  const connection = connect(path);
  try {
    await once(connection, 'connect');
    return connection;
  } catch (cause) {
    throw new KindredError(
      'ERR_NOT_REACHABLE',
      `nobody takes sockets at ${path}: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
}
