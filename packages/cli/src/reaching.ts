/** From an address on the command line to whoever is there, for as long as it is used. */
import { connect, type DialOptions, KindredError, type Peer } from 'kindred';
import { tlsOf } from './certificates.ts';
import { longestMs, type Reaching } from './options.ts';
import { checkReachable } from './places.ts';
import { secretOf } from './secret-file.ts';
import type { Terminal } from './terminal.ts';

/**
 * Opens what `open` opens at the address, with the options of the command line. `--timeout` bounds this too, on top of
 * what `--wait` allows, so that a machine that does not answer cannot hold the command.
 */
export async function reach<T>(
  address: string,
  flags: Reaching,
  { stop }: Terminal,
  open: (options: DialOptions) => Promise<T>,
): Promise<T> {
  checkReachable(address);
  const { wait = 0, timeout, dialect } = flags;
  const patienceMs = timeout === undefined ? undefined : timeout + (wait === 'for ever' ? 0 : wait);
  const late = patienceMs === undefined ? undefined : AbortSignal.timeout(Math.min(patienceMs, longestMs));
  try {
    return await open({
      waitMs: wait === 'for ever' ? Number.POSITIVE_INFINITY : wait,
      signal: late === undefined ? stop : AbortSignal.any([stop, late]),
      ...(dialect === undefined ? {} : { dialect }),
      ...tlsOf(flags, 'connects'),
      ...secretOf(flags, 'connects'),
    });
  } catch (error) {
    if (late?.aborted !== true || !(error instanceof KindredError) || error.code !== 'ERR_CANCELLED')
      throw error;
    throw new KindredError('ERR_TIMEOUT', `no connection to ${address} within ${patienceMs} ms`, {
      outcome: 'not-sent',
    });
  }
}

/** Connects, works, closes. Where the server is gone meanwhile, whoever waits at the terminal is to know. */
export async function withPeer(
  address: string,
  flags: Reaching,
  terminal: Terminal,
  work: (peer: Peer) => Promise<void>,
): Promise<void> {
  const peer = await reach(address, flags, terminal, (options) =>
    connect(address, { ...options, reconnect: false }),
  );
  try {
    await work(peer);
  } finally {
    await peer.close();
  }
}

/** The function of that (dotted) name on a face of the peer. */
export function functionOf(face: Peer['call'], method: string): Peer['call'] {
  const named = face[method];
  if (named !== undefined) return named;
  const message = `no service offers a function named ${JSON.stringify(method)}`;
  throw new KindredError('ERR_METHOD_NOT_FOUND', message, { outcome: 'not-sent' });
}
