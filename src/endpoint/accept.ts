/** From an address, or what accepts in its place, to a listener: what arrives is handed on as transports. */
import type { TlsOptions } from 'node:tls';
import { KindredError } from '../base/errors.ts';
import type { Transport } from '../channel/transport.ts';
import type { Identity } from '../rpc/identity.ts';
import { parseAddress } from '../transports/address.ts';
import type { Listener, OnTransport } from '../transports/listener.ts';
import type { DialectName } from '../wire/dialect.ts';
import type { Limits } from '../wire/limits.ts';
import type { Door } from './door.ts';
import { identityOf } from './identity-of.ts';
import { listenMemory } from './memory-addresses.ts';
import { noSecret, type SecretOptions, secretsOf } from './secrets.ts';
import { listenOver, type TransportListener } from './transport-listener.ts';
import { oneTooMany, turnAway } from './turn-away.ts';

export interface AcceptOptions extends SecretOptions {
  /** Opens an address to everybody who can reach it, without any proof of who they are. */
  allowAnyone?: boolean | undefined;
  /** For `tls:`: as for Node's `tls.createServer`. With `requestCert: true` and `ca` only callers with a certificate get in. */
  tls?: TlsOptions | undefined;
  /** Of a Unix domain socket, applied before its name appears. Default 0o600. */
  mode?: number | undefined;
  /** Of a Unix domain socket: a group by name or number. */
  group?: string | number | undefined;
}

/** Hears of every connection that is let in, and who is there; says when it is over. */
export type OnAdmitted = (
  transport: Transport,
  address: string,
  identity: Identity | undefined,
) => Promise<unknown>;

export async function accept(
  place: string | TransportListener,
  options: AcceptOptions,
  limits: Limits,
  dialects: readonly DialectName[],
  onTransport: OnAdmitted,
): Promise<Listener> {
  const secrets = await secretsOf(options);
  if (secrets === undefined) return open(place, options, limits, dialects, onTransport, undefined);
  if (typeof place !== 'string') throw noSecret(place.address);
  const { Door } = await import('./door.ts');
  const door = new Door(place, secrets, limits, (transport, identity) => {
    void onTransport(transport, transport.name, identity);
  });
  const listener = await open(place, options, limits, dialects, onTransport, door);
  const { address, closed } = listener;
  return {
    address,
    closed,
    async close() {
      await listener.close();
      door.close();
    },
    ref() {
      listener.ref();
      door.ref();
    },
    unref() {
      listener.unref();
      door.unref();
    },
  };
}

async function open(
  place: string | TransportListener,
  { allowAnyone: toAll, tls, mode, group }: AcceptOptions,
  limits: Limits,
  dialects: readonly DialectName[],
  onTransport: OnAdmitted,
  door: Door | undefined,
): Promise<Listener> {
  if (typeof place !== 'string')
    return listenOver(place, limits.maxConnections, (transport) =>
      onTransport(transport, transport.name, undefined),
    );
  const text = place;
  const address = parseAddress(text);
  if (address.kind !== 'unix' && (mode !== undefined || group !== undefined))
    throw new KindredError(
      'ERR_NOT_SUPPORTED',
      `${text} takes no ${mode === undefined ? 'group' : 'mode'}: only a unix:/path has them; local: is its owner's alone`,
    );
  const { maxConnections, maxConnectionsPerAddress, handshakeMs } = limits;
  const onSocket: OnTransport = (transport, refused, from) => {
    if (refused !== undefined) turnAway(transport, limits, oneTooMany(refused, limits));
    else if (door !== undefined) void door.ask(transport, from);
    else void onTransport(transport, transport.name, identityOf(transport));
  };
  const bounds = {
    maxConnections,
    maxConnectionsPerAddress,
    admits: door === undefined ? undefined : (from: string) => door.admits(from),
  };
  const common = { ...bounds, allowAnyone: toAll === true || door !== undefined };
  // A transport is loaded when it is needed, as in `dialAddress`.
  switch (address.kind) {
    case 'memory':
      if (door !== undefined) throw noSecret(text);
      return listenMemory(
        address.name,
        maxConnections,
        (transport) => void onTransport(transport, text, undefined),
      );
    case 'tcp': {
      const { listenTcp } = await import('../transports/tcp.ts');
      return listenTcp(address, common, onSocket);
    }
    case 'tls': {
      const { listenTls } = await import('../transports/tls.ts');
      return listenTls(address, { ...common, handshakeMs, tls: tls ?? {} }, onSocket);
    }
    case 'local': {
      const { listenLocal } = await import('../transports/local.ts');
      return listenLocal(address.name, { ...bounds, dialects, secret: door !== undefined }, onSocket);
    }
    case 'unix': {
      const { listenUnix } = await import('../transports/unix.ts');
      return listenUnix(address.path, { ...bounds, mode, group }, onSocket);
    }
    case 'abstract': {
      const { listenAbstract } = await import('../transports/abstract.ts');
      return listenAbstract(address.name, common, onSocket);
    }
    case 'pipe': {
      const { listenPipe } = await import('../transports/pipe.ts');
      return listenPipe(address.name, bounds, onSocket);
    }
    case 'stdio':
    case 'parent':
      throw new KindredError(
        'ERR_BAD_ADDRESS',
        `${text} is one channel that is there already, not an address to listen at: dial it for plain messages`,
      );
  }
}
