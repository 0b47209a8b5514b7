/** `pipe:NAME`: a Windows named pipe. It goes with its server, so that there is never a stale one. */
import { createServer } from 'node:net';
import { KindredError } from '../base/errors.ts';
import type { ByteTransport } from '../channel/transport.ts';
import { formatAddress } from './address.ts';
import { type DialOptions, dialPath } from './dial.ts';
import { pipePath } from './endpoint-name.ts';
import {
  createAcceptor,
  createListener,
  type Listener,
  type ListenOptions,
  type OnTransport,
  openServer,
} from './listener.ts';
import { cannotListen } from './system-errors.ts';

/** `address` is how it is called in errors and logs, where it is not `pipe:NAME`. */
export async function dialPipe(
  name: string,
  options: DialOptions = {},
  address: string = formatAddress({ kind: 'pipe', name }),
): Promise<ByteTransport> {
  checkPlatform(address);
  return await dialPath(address, pipePath(name), options);
}

/** Throws `ERR_ADDRESS_IN_USE`, `ERR_BAD_ADDRESS`, and `ERR_NOT_SUPPORTED` anywhere but on Windows. */
export async function listenPipe(
  name: string,
  options: ListenOptions,
  onTransport: OnTransport,
  address: string = formatAddress({ kind: 'pipe', name }),
): Promise<Listener> {
  checkPlatform(address);
  const server = createServer({ allowHalfOpen: true });
  let connections = 0;
  createAcceptor(() => `${address}, connection ${++connections}`, onTransport, options).attach(server);
  await openServer(server, { path: pipePath(name), exclusive: true }).catch((error) => {
    throw cannotListen(address, error);
  });
  return createListener(address, server);
}

function checkPlatform(address: string): void {
  if (process.platform !== 'win32')
    throw new KindredError(
      'ERR_NOT_SUPPORTED',
      `${address}: only Windows has named pipes: use local:NAME, which works everywhere`,
      { outcome: 'not-sent' },
    );
}
