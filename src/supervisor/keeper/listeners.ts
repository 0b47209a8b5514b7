/**
 * Listening sockets that outlive who accepts from them. The keeper binds them and has them listen; it never accepts, so that
 * a connection that comes while no service runs waits in the kernel for the next one.
 */
import { KindredError } from '../../base/errors.ts';
import { type BoundHandle, bindOnly } from '../../handles/node-internals.ts';
import { type Address, formatAddress, parseAddress } from '../../transports/address.ts';
import { claimEndpoint, endpointFiles, releaseEndpoint } from '../../transports/claim.ts';
import { addressToBind } from '../../transports/exposure.ts';
import { ensureRuntimeDirectory, runtimeDirectory } from '../../transports/runtime-directory.ts';
import { cannotListen } from '../../transports/system-errors.ts';
import { placeUnix } from '../../transports/unix.ts';
import type { KeptListener, ListenerEntry } from './keeper.ts';
import { listenWithoutAccepting } from './listen-without-accepting.ts';

export interface OpenListener {
  readonly entry: ListenerEntry;
  /** The descriptor for one process; released when that has started. */
  lend(): Promise<LentDescriptor>;
  /** Gives the address up, and removes its file. */
  close(): Promise<void>;
}

export interface LentDescriptor {
  fd: number;
  release(): void;
}

const defaultBacklog = 511;

/**
 * `handed`: sockets that listen already, opened for this stack by somebody else (systemd), by the names of listeners.
 *
 * Throws `ERR_ADDRESS_IN_USE`, `ERR_BAD_ADDRESS`, `ERR_BAD_ARGUMENT`, `ERR_NOT_SUPPORTED`, `ERR_UNSAFE_DIRECTORY`,
 * `ERR_TIMEOUT` (the lock on a name).
 */
export async function openListener(
  spec: KeptListener,
  handed: Readonly<Record<string, number>> = {},
): Promise<OpenListener> {
  const own = Object.hasOwn(handed, spec.name) ? handed[spec.name] : undefined;
  // Whoever has opened it keeps it open, too, and takes its file away in the end.
  if (own !== undefined)
    return {
      entry: { ...spec, bound: spec.address },
      lend: async () => ({ fd: own, release() {} }),
      close: async () => {},
    };
  const address = parseAddress(spec.address);
  if (spec.reusePort === true && address.kind !== 'tcp')
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      `listener ${spec.name}: only tcp:// addresses can be bound once for each process, and ${spec.address} is none`,
    );
  switch (address.kind) {
    case 'tcp':
      return spec.reusePort === true ? openForEach(spec, address) : openTcp(spec, address);
    case 'unix':
      return openUnix(spec, address.path);
    case 'local':
      return openLocal(spec, address.name);
    default:
      throw new KindredError(
        'ERR_BAD_ADDRESS',
        `listener ${spec.name}: ${spec.address} is nothing that can be kept open for others: write tcp://HOST:PORT, unix:/path.sock or local:NAME`,
      );
  }
}

type Tcp = Extract<Address, { kind: 'tcp' | 'tls' }>;

async function openTcp(spec: KeptListener, { host, port }: Tcp): Promise<OpenListener> {
  const ip = await addressToBind(spec.address, host, true);
  const bound = await bindAndListen(spec, { ip, port });
  return opened(spec, formatAddress({ kind: 'tcp', host: ip, port: bound.port ?? port }), bound, () =>
    bound.close(),
  );
}

/** Holds the port by a socket that never listens: the system gives connections only to those that do. */
async function openForEach(spec: KeptListener, { host, port }: Tcp): Promise<OpenListener> {
  const ip = await addressToBind(spec.address, host, true);
  const holder = bindFor(spec, { ip, port, reusePort: true });
  const where = { ip, port: holder.port ?? port, reusePort: true };
  const entry = { ...spec, bound: formatAddress({ kind: 'tcp', host: ip, port: where.port }) };
  return {
    entry,
    async lend() {
      const { fd, close } = await bindAndListen(spec, where);
      return { fd, release: close };
    },
    async close() {
      holder.close();
    },
  };
}

async function openUnix(spec: KeptListener, path: string): Promise<OpenListener> {
  const open = (passing: string): Promise<BoundHandle> => bindAndListen(spec, { path: passing });
  const { socket, before, after } = await placeUnix(path, { mode: spec.mode }, open);
  return opened(spec, spec.address, socket, () => {
    before();
    socket.close();
    after();
  });
}

async function openLocal(spec: KeptListener, name: string): Promise<OpenListener> {
  const directory = runtimeDirectory();
  ensureRuntimeDirectory(directory);
  const files = endpointFiles(name, directory);
  const open = (path: string): Promise<BoundHandle> => bindAndListen(spec, { path });
  const { server, identity } = await claimEndpoint(files, name, {}, open, {}).catch((error) => {
    throw cannotListen(files.address, error);
  });
  return opened(spec, spec.address, server, async () => {
    try {
      await releaseEndpoint(files, identity, {});
    } catch {
      // The lock cannot be had, or the directory is not ours any more. A dead socket that stays blocks nobody.
    }
    server.close();
  });
}

function opened(
  spec: KeptListener,
  bound: string,
  { fd }: BoundHandle,
  close: () => void | Promise<void>,
): OpenListener {
  return {
    entry: { ...spec, bound },
    // All share this one.
    lend: async () => ({ fd, release() {} }),
    close: async () => close(),
  };
}

async function bindAndListen(
  spec: KeptListener,
  where: Parameters<typeof bindOnly>[0],
): Promise<BoundHandle> {
  const bound = bindFor(spec, where);
  try {
    await listenWithoutAccepting(bound.fd, spec.backlog ?? defaultBacklog, spec.address);
    return bound;
  } catch (error) {
    bound.close();
    throw error;
  }
}

function bindFor(spec: KeptListener, where: Parameters<typeof bindOnly>[0]): BoundHandle {
  try {
    return bindOnly(where);
  } catch (error) {
    throw cannotListen(spec.address, error);
  }
}
