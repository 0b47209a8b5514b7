/** `tcp://HOST:PORT`: without delay, kept alive, and beyond this machine only when that is asked for in so many words. */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { ByteTransport } from '../channel/transport.ts';
import { type Address, formatAddress } from './address.ts';
import { type DialOptions, dialSocket } from './dial.ts';
import { connectSocket } from './direct-reads.ts';
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

export type HostAndPort = Extract<Address, { port: number }>;

/** Messages are small and somebody waits for each; an end that vanished is noticed though nothing is said. */
export const socketOptions = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
  allowHalfOpen: true,
} as const;

export function dialTcp(address: HostAndPort, options: DialOptions = {}): Promise<ByteTransport> {
  const { host, port } = address;
  return dialSocket(formatAddress(address), () => connectSocket({ host, port, ...socketOptions }), options);
}

export interface ListenTcpOptions extends ListenOptions, Exposure {}

/** Throws `ERR_INSECURE_ADDRESS`, `ERR_ADDRESS_IN_USE`, `ERR_BAD_ADDRESS`. */
export async function listenTcp(
  address: HostAndPort,
  options: ListenTcpOptions,
  onTransport: OnTransport,
): Promise<Listener> {
  const asked = formatAddress(address);
  const host = await addressToBind(asked, address.host, options.allowAnyone === true);
  const server = createServer(socketOptions);
  let bound = asked;
  createAcceptor((socket) => `${bound} from ${remoteOf(socket)}`, onTransport, options).attach(server);
  await openServer(server, { host, port: address.port }).catch((error) => {
    throw cannotListen(asked, error);
  });
  bound = boundAddress('tcp', server.address() as AddressInfo);
  return createListener(bound, server);
}

export function remoteOf({ remoteAddress = '?', remotePort = 0 }: Socket): string {
  return formatAddress({ kind: 'tcp', host: remoteAddress, port: remotePort }).slice('tcp://'.length);
}

export function boundAddress(kind: 'tcp' | 'tls', { address, port }: AddressInfo): string {
  return formatAddress({ kind, host: address, port });
}
