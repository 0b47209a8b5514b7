/** `tls://HOST:PORT`. With required client certificates the port may be open to other machines. */
import type { AddressInfo } from 'node:net';
import { type ConnectionOptions, connect, createServer, type TlsOptions } from 'node:tls';
import { KindredError } from '../base/errors.ts';
import type { ByteTransport } from '../channel/transport.ts';
import { defaultLimits } from '../wire/limits.ts';
import { formatAddress } from './address.ts';
import { type DialOptions, dialSocket } from './dial.ts';
import { addressToBind, type Exposure } from './exposure.ts';
import {
  createAcceptor,
  createListener,
  type Listener,
  type ListenOptions,
  type OnTransport,
  openServer,
} from './listener.ts';
import { cannotListen } from './system-errors.ts';
import { boundAddress, type HostAndPort, remoteOf, socketOptions } from './tcp.ts';

export interface DialTlsOptions extends DialOptions {
  /** As for `tls.connect`: `ca`, `cert`, `key`, `servername` ... */
  tls?: ConnectionOptions | undefined;
  /** From the TCP connection to the end of the hand-shake. Default 5 s. */
  handshakeMs?: number | undefined;
}

/**
 * A certificate of the server that is not trusted gives `ERR_NOT_REACHABLE`. One of ours that the server refuses is told
 * by TLS 1.3 only after the hand-shake: the transport then comes to its end, or closes with an error.
 */
export function dialTls(address: HostAndPort, options: DialTlsOptions = {}): Promise<ByteTransport> {
  const { host, port } = address;
  return dialSocket(
    formatAddress(address),
    () => {
      const socket = connect({ ...options.tls, host, port, ...socketOptions } as ConnectionOptions);
      // What net.connect takes as options, tls.connect leaves aside.
      socket.setNoDelay(true);
      socket.setKeepAlive(true, socketOptions.keepAliveInitialDelay);
      return socket;
    },
    options,
    { ready: 'secureConnect', ms: options.handshakeMs ?? defaultLimits.handshakeMs },
  );
}

export interface ListenTlsOptions extends ListenOptions, Exposure {
  /** As for `tls.createServer`: `cert` and `key`, and for callers that prove who they are `requestCert: true` and `ca`. */
  tls: TlsOptions;
  /** From the TCP connection to the end of the hand-shake. Default 5 s. */
  handshakeMs?: number | undefined;
}

/** Throws `ERR_INSECURE_ADDRESS`, `ERR_ADDRESS_IN_USE`, `ERR_BAD_ADDRESS`, and `ERR_BAD_ARGUMENT` for TLS options that are of no use. */
export async function listenTls(
  address: HostAndPort,
  options: ListenTlsOptions,
  onTransport: OnTransport,
): Promise<Listener> {
  const asked = formatAddress(address);
  const server = createTlsServer(asked, options);
  const open = options.allowAnyone === true || authenticates(options.tls);
  const host = await addressToBind(asked, address.host, open);
  // A stranger who fails the hand-shake is nobody's concern. One who does not finish it in time would be left open by
  // Node.js (measured on 22, 24 and 26).
  server.on('tlsClientError', (_error, socket) => void socket.destroy());
  let bound = asked;
  createAcceptor((socket) => `${bound} from ${remoteOf(socket)}`, onTransport, options).attach(
    server,
    'secureConnection',
  );
  await openServer(server, { host, port: address.port }).catch((error) => {
    throw cannotListen(asked, error);
  });
  bound = boundAddress('tls', server.address() as AddressInfo);
  return createListener(bound, server);
}

/** Without `ca` every certificate that any public authority ever signed would do. */
function authenticates(options: TlsOptions): boolean {
  const { requestCert, rejectUnauthorized, ca } = options;
  // Node.js takes what is empty for what is not given.
  const authorities: readonly unknown[] = Array.isArray(ca) ? ca : [ca];
  return (
    requestCert === true &&
    rejectUnauthorized !== false &&
    authorities.length > 0 &&
    authorities.every(Boolean)
  );
}

function createTlsServer(asked: string, options: ListenTlsOptions): ReturnType<typeof createServer> {
  const { tls, handshakeMs = defaultLimits.handshakeMs } = options;
  if (tls === undefined || !(tls.cert ?? tls.pfx ?? tls.SNICallback ?? tls.secureContext))
    throw new KindredError('ERR_BAD_ARGUMENT', `${asked} needs a certificate: { tls: { cert, key } }`);
  try {
    return createServer({ ...tls, ...socketOptions, handshakeTimeout: handshakeMs });
  } catch (error) {
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      `${asked}: the TLS options cannot be used: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
