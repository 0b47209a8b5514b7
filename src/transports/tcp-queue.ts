/**
 * What Linux knows of a TCP connection, from /proc: how many bytes the other machine has not confirmed yet. Node.js has no
 * way to ask the socket itself. Reads the table of all connections, so ask rarely.
 */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

const tables = ['/proc/net/tcp', '/proc/net/tcp6'];
const established = '01';

/** Undefined where it cannot be told: another system, or another connection between the same two ports. */
export function unconfirmedBytes(
  { localPort, remotePort }: Pick<Socket, 'localPort' | 'remotePort'>,
  read: (path: string) => string = readTable,
): number | undefined {
  if (localPort === undefined || remotePort === undefined) return undefined;
  const found: number[] = [];
  for (const table of tables) found.push(...queuesIn(read(table), portOf(localPort), portOf(remotePort)));
  return found.length === 1 ? found[0] : undefined;
}

/** ` 1: 0100007F:E9DC 0100007F:AF8B 01 0000002A:00000000 ...`: number, own end, other end, state, to send : to read. */
function* queuesIn(table: string, own: string, other: string): Generator<number> {
  for (const line of table.split('\n').slice(1)) {
    const [, from = '', to = '', state, queues = ''] = line.trim().split(/\s+/, 5);
    if (state === established && from.endsWith(own) && to.endsWith(other)) yield Number.parseInt(queues, 16);
  }
}

function portOf(port: number): string {
  return `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
}

function readTable(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
