/** Who is at the other end of a transport, as far as anything was proved. */
import type { Transport } from '../channel/transport.ts';
import type { Identity } from '../rpc/identity.ts';

/** `secret`: the name of the secret that was proved. */
export function identityOf(transport: Transport, secret?: string): Identity | undefined {
  const certificate = transport.form === 'bytes' ? transport.tls?.certificate : undefined;
  if (certificate === undefined && secret === undefined) return undefined;
  return {
    ...(secret === undefined ? {} : { secret: { name: secret } }),
    ...(certificate === undefined ? {} : { certificate }),
  };
}
