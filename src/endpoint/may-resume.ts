/** Which connections may outlive their sockets. What it takes for that is loaded only where one does. */
import type { Redial } from '../channel/dial-again.ts';
import type { Transport } from '../channel/transport.ts';
import type { DialectName } from '../wire/dialect.ts';
import type { Limits } from '../wire/limits.ts';
import type { Sessions } from './sessions.ts';
import type { TransportListener } from './transport-listener.ts';

function mayResume(dialect: DialectName | undefined, { resumeMs }: Limits): boolean {
  return resumeMs > 0 && (dialect === undefined || dialect === 'binary');
}

/** The transport of an end that has dialled, and can dial again. */
export async function resumed(
  transport: Transport,
  redial: Redial | undefined,
  dialect: DialectName | undefined,
  limits: Limits,
): Promise<Transport> {
  if (redial === undefined || !mayResume(dialect, limits)) return transport;
  const { resuming } = await import('./resuming.ts');
  return resuming(transport, redial, limits);
}

/** Of a server at this address, or behind a listener of the user's own; undefined where nobody can come back to it. */
export async function sessionsAt(
  place: string | TransportListener,
  dialect: DialectName | undefined,
  limits: Limits,
): Promise<Sessions | undefined> {
  if (typeof place !== 'string' || !/^(?:tcp|tls):/.test(place) || !mayResume(dialect, limits))
    return undefined;
  const { Sessions } = await import('./sessions.ts');
  return new Sessions(limits);
}
