/** Tells a connection why it is closed, in the dialect in which it speaks first. */
import { KindredError } from '../base/errors.ts';
import type { Transport } from '../channel/transport.ts';
import type { Limits } from '../wire/limits.ts';
import { openChannel } from './channels.ts';

/** So much of a first message is read of whoever is not let in. */
const mostBytes = 16 * 1024;

/** The caller sees to it that the transport is closed after a while. */
export function turnAway(transport: Transport, limits: Limits, error: KindredError): void {
  const channel = openChannel(transport, {
    mode: 'calls',
    role: 'chooses',
    kindred: false,
    dialect: undefined,
    limits: { ...limits, maxMessageBytes: Math.min(limits.maxMessageBytes, mostBytes) },
  });
  channel.start({
    ready: () => void channel.close(error),
    message() {},
    drained() {},
    ended: () => void channel.close(),
    closed() {},
  });
}

export function oneTooMany(
  limit: 'maxConnections' | 'maxConnectionsPerAddress',
  limits: Limits,
): KindredError {
  return new KindredError('ERR_LIMIT', `one connection more than ${limit} (${limits[limit]})`, {
    outcome: 'not-sent',
  });
}
