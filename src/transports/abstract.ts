/** `unix:@name`: a Unix domain socket without a file. It has no rights: whoever runs on this machine can connect. */
import { createServer } from 'node:net';
import { KindredError } from '../base/errors.ts';
import type { ByteTransport } from '../channel/transport.ts';
import { formatAddress } from './address.ts';
import { type DialOptions, dialPath } from './dial.ts';
import type { Exposure } from './exposure.ts';
import {
  createAcceptor,
  createListener,
  type Listener,
  type ListenOptions,
  type OnTransport,
  openServer,
} from './listener.ts';
import { checkPathLength } from './socket-file.ts';
import { cannotListen } from './system-errors.ts';

export async function dialAbstract(name: string, options: DialOptions = {}): Promise<ByteTransport> {
  const { address, path } = where(name);
  return await dialPath(address, path, options);
}

export interface ListenAbstractOptions extends ListenOptions, Exposure {}

/** Throws `ERR_INSECURE_ADDRESS` without `allowAnyone`, `ERR_ADDRESS_IN_USE`, `ERR_BAD_ADDRESS`, `ERR_NOT_SUPPORTED`. */
export async function listenAbstract(
  name: string,
  options: ListenAbstractOptions,
  onTransport: OnTransport,
): Promise<Listener> {
  const { address, path } = where(name);
  if (options.allowAnyone !== true)
    throw new KindredError(
      'ERR_INSECURE_ADDRESS',
      `${address} could be reached by every user of this machine, and callers are not authenticated: listen at local:NAME or unix:/path.sock, or give a { secret }, or say { allowAnyone: true }`,
    );
  const server = createServer({ allowHalfOpen: true });
  let connections = 0;
  createAcceptor(() => `${address}, connection ${++connections}`, onTransport, options).attach(server);
  await openServer(server, { path, exclusive: true }).catch((error) => {
    throw cannotListen(address, error);
  });
  return createListener(address, server);
}

function where(name: string): { address: string; path: string } {
  const address = formatAddress({ kind: 'abstract', name });
  if (process.platform !== 'linux' && process.platform !== 'android')
    throw new KindredError(
      'ERR_NOT_SUPPORTED',
      `${address}: only Linux has abstract sockets: use local:NAME`,
      { outcome: 'not-sent' },
    );
  checkPathLength(address, name);
  return { address, path: `\0${name}` };
}
