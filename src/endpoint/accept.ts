/** From an address to a listener: what arrives is handed on as transports. */
import type { TlsOptions } from 'node:tls';
import { KindredError } from '../base/errors.ts';
import type { Transport } from '../channel/transport.ts';
import { parseAddress } from '../transports/address.ts';
import type { Listener, OnTransport } from '../transports/listener.ts';
import type { DialectName } from '../wire/dialect.ts';
import type { Limits } from '../wire/limits.ts';
import { openChannel } from './channels.ts';
import { listenMemory } from './memory-addresses.ts';

export interface AcceptOptions {
  /** Opens an address to everybody who can reach it, without any proof of who they are. */
  allowAnyone?: boolean | undefined;
  /** For `tls:`: as for Node's `tls.createServer`. With `requestCert: true` and `ca` only callers with a certificate get in. */
  tls?: TlsOptions | undefined;
  /** Of a Unix domain socket, applied before its name appears. Default 0o600. */
  mode?: number | undefined;
  /** Of a Unix domain socket: a group by name or number. */
  group?: string | number | undefined;
}

/** Tells one connection too many why it is closed, in the dialect in which it speaks first. */
function turnAway(transport: Transport, limits: Limits): void {
  const channel = openChannel(transport, {
    mode: 'calls',
    role: 'chooses',
    kindred: false,
    dialect: undefined,
    limits,
  });
  const error = new KindredError(
    'ERR_LIMIT',
    `one connection more than maxConnections (${limits.maxConnections})`,
    { outcome: 'not-sent' },
  );
  channel.start({
    ready: () => void channel.close(error),
    message() {},
    drained() {},
    ended: () => void channel.close(),
    closed() {},
  });
}

export async function accept(
  text: string,
  { allowAnyone, tls, mode, group }: AcceptOptions,
  limits: Limits,
  dialects: readonly DialectName[],
  onTransport: (transport: Transport, address: string) => void,
): Promise<Listener> {
  const address = parseAddress(text);
  if (address.kind !== 'unix' && (mode !== undefined || group !== undefined))
    throw new KindredError(
      'ERR_NOT_SUPPORTED',
      `${text} takes no ${mode === undefined ? 'group' : 'mode'}: only a unix:/path has them; local: is its owner's alone`,
    );
  const { maxConnections, handshakeMs } = limits;
  const onSocket: OnTransport = (transport, refused) => {
    if (refused) turnAway(transport, limits);
    else onTransport(transport, transport.name);
  };
  const common = { maxConnections, allowAnyone };
  // A transport is loaded when it is needed, as in `dialAddress`.
  switch (address.kind) {
    case 'memory':
      return listenMemory(address.name, maxConnections, (transport) => onTransport(transport, text));
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
      return listenLocal(address.name, { maxConnections, dialects }, onSocket);
    }
    case 'unix': {
      const { listenUnix } = await import('../transports/unix.ts');
      return listenUnix(address.path, { maxConnections, mode, group }, onSocket);
    }
    case 'abstract': {
      const { listenAbstract } = await import('../transports/abstract.ts');
      return listenAbstract(address.name, common, onSocket);
    }
    case 'pipe': {
      const { listenPipe } = await import('../transports/pipe.ts');
      return listenPipe(address.name, { maxConnections }, onSocket);
    }
    case 'stdio':
    case 'parent':
      throw new KindredError(
        'ERR_BAD_ADDRESS',
        `${text} is one channel that is there already, not an address to listen at: dial it for plain messages`,
      );
  }
}
