/** The OpenRPC document of a service, asked for with `rpc.discover`. */
import { KindredError, type Peer } from 'kindred';
import type { Reaching } from './options.ts';
import { functionOf } from './reaching.ts';
import { isRecord } from './schema-types.ts';
import type { Terminal } from './terminal.ts';

/** Throws `ERR_METHOD_NOT_FOUND`, or `ERR_PROTOCOL` where the answer is no such document. */
export async function discovered(
  peer: Peer,
  address: string,
  flags: Reaching,
  terminal: Terminal,
): Promise<Record<string, unknown> & { methods: unknown[] }> {
  const caller = peer.with({ signal: terminal.stop, timeoutMs: flags.timeout });
  const document: unknown = await functionOf(caller.call, 'rpc.discover')().catch((error: unknown) => {
    if (!(error instanceof KindredError) || error.code !== 'ERR_METHOD_NOT_FOUND') throw error;
    throw new KindredError(
      'ERR_METHOD_NOT_FOUND',
      `the service at ${address} does not describe itself: it has no rpc.discover`,
      { cause: error },
    );
  });
  if (!isRecord(document) || !Array.isArray(document['methods']))
    throw new KindredError(
      'ERR_PROTOCOL',
      `the service at ${address} answered rpc.discover with something that is no OpenRPC document`,
    );
  return document as Record<string, unknown> & { methods: unknown[] };
}
