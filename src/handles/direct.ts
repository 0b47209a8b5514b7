/**
 * Experimental: sockets from one process to another that is no kin, straight over a Unix domain socket, by public means of
 * Node.js alone. It is on where a self-test passes.
 *
 * Three helper processes take part in each hand-over (direct-helper.ts), which costs the time that it takes to start them.
 * Where it is often, let a common parent pass sockets on instead.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KindredError } from '../base/errors.ts';
import { type GiveDirectlyOptions, giveOver } from './direct-giving.ts';
import { type DirectTaking, type TakeDirectlyOptions, takeOver } from './direct-taking.ts';
import type { Given } from './hand-over.ts';

/**
 * Experimental. Gives a socket to whoever calls `takeDirectly` at the Unix domain socket `path`; resolves with what became
 * of it, as `give` of a `HandOver` does. It must be accepted with `pauseOnConnect: true`.
 *
 * Throws `ERR_NOT_SUPPORTED` where the self-test does not pass here, `ERR_NOT_REACHABLE` where nobody listens,
 * `ERR_CANCELLED`, and `ERR_BAD_ARGUMENT` for what cannot be given; then the socket is ours as before.
 */
export async function giveDirectly(
  path: string,
  socket: Socket,
  options: GiveDirectlyOptions = {},
): Promise<Given> {
  await assertDirect();
  return giveOver(path, socket, options);
}

/**
 * Experimental. Takes the sockets that others give at this server of a Unix domain socket, made with
 * `pauseOnConnect: true`. Whoever can connect to it can give: keep it in a directory that is yours alone.
 *
 * Throws `ERR_NOT_SUPPORTED` where the self-test does not pass here, `ERR_BAD_ARGUMENT` for a server that reads.
 */
export async function takeDirectly(
  server: Server,
  onSocket: (socket: Socket, note: unknown) => void,
  options: TakeDirectlyOptions = {},
): Promise<DirectTaking> {
  const ready = assertDirect();
  const taking = takeOver(server, onSocket, options, ready);
  await ready;
  return taking;
}

// What this process can do it can do, or not, for good.
let tested: Promise<boolean> | undefined;

/** Experimental. Whether `giveDirectly` and `takeDirectly` work in this process. The first call tries it. */
export function canPassDirectly(): Promise<boolean> {
  tested ??= process.platform === 'win32' ? Promise.resolve(false) : tryIt().catch(() => false);
  return tested;
}

async function assertDirect(): Promise<void> {
  if (await canPassDirectly()) return;
  throw new KindredError(
    'ERR_NOT_SUPPORTED',
    'sockets cannot be passed directly to a process that is no kin here: the self-test has failed; pass them through a common parent',
  );
}

async function tryIt(): Promise<boolean> {
  const directory = await mkdtemp(join(tmpdir(), 'kindred-'));
  const path = join(directory, 'try');
  const servers = [createServer({ pauseOnConnect: true }), createServer({ pauseOnConnect: true })] as const;
  const sockets: Socket[] = [];
  const [taker, door] = servers;
  const taking = takeOver(taker, (socket, note) => void socket.end(String(note)), {}, Promise.resolve());
  try {
    taker.listen(path);
    door.listen(0, '127.0.0.1');
    await Promise.all(servers.map((server) => once(server, 'listening')));
    const arriving = once(door, 'connection') as Promise<[Socket]>;
    const client = connect((door.address() as AddressInfo).port, '127.0.0.1');
    sockets.push(client);
    let said = '';
    const ended = once(
      client.on('data', (chunk) => {
        said += String(chunk);
      }),
      'end',
    );
    const [accepted] = await arriving;
    sockets.push(accepted);
    const given = await giveOver(path, accepted, { note: 'passed' });
    if (given.kind !== 'accepted') return false;
    await ended;
    return said === 'passed';
  } finally {
    for (const socket of sockets) socket.destroy();
    await taking.close();
    for (const server of servers) await closed(server);
    await rm(directory, { recursive: true, force: true });
  }
}

function closed(server: Server): Promise<unknown> {
  return new Promise((resolve) => server.close(resolve));
}
