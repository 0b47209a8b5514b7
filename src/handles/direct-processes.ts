/** Starts the helpers of a direct hand-over. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

/** This file's neighbour, in the sources and in what is published. */
function helper(): string {
  const name = import.meta.url.endsWith('.ts') ? './direct-helper.ts' : './direct-helper.js';
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Passes the socket over the connection. Its copies of both are its own. */
export function startGiving(connection: Socket, socket: Socket): ChildProcess {
  const child = spawn(process.execPath, [helper(), 'give'], {
    stdio: ['pipe', 'pipe', 'inherit', connection, socket],
    env: { ...process.env, NODE_CHANNEL_FD: '3' },
  });
  connection.destroy();
  return child;
}

/** What comes over the connection comes to us as messages of this child. */
export function startRelaying(connection: Socket): ChildProcess {
  // A shell says which of the two channels is the helper's: Node.js would name the one that it has made itself.
  const command = ['-c', 'NODE_CHANNEL_FD=3 exec "$@"', 'sh', process.execPath, helper(), 'relay'];
  const child = spawn('/bin/sh', command, { stdio: ['ignore', 'ignore', 'inherit', connection, 'ipc'] });
  connection.destroy();
  return child;
}
