/** Who can reach a host and port: this machine alone, or others too. Others are let in only when callers are authenticated. */
import { lookup } from 'node:dns/promises';
import { BlockList, isIPv6 } from 'node:net';
import { KindredError } from '../base/errors.ts';
import { cannotListen } from './system-errors.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Takes an IP address, as the system writes it. IPv4 addresses inside IPv6 (`::ffff:127.0.0.1`) count as what they are. */
export function isLoopback(ip: string): boolean {
  const [address = ip] = ip.split('%');
  return loopback.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

export interface Exposure {
  /** Opens the port to everybody who can reach it, without any proof of who they are. */
  allowAnyone?: boolean | undefined;
}

/**
 * The IP address to bind. Throws `ERR_INSECURE_ADDRESS` where others could reach it. The host is looked up here, once,
 * so that what is checked is what is bound.
 */
export async function addressToBind(address: string, host: string, open: boolean): Promise<string> {
  let ip: string;
  try {
    ({ address: ip } = await lookup(host));
  } catch (error) {
    throw cannotListen(address, error);
  }
  if (!open && !isLoopback(ip))
    throw new KindredError(
      'ERR_INSECURE_ADDRESS',
      `${address} could be reached from other machines, and callers are not authenticated: ` +
        'listen at 127.0.0.1 or [::1], or give a { secret }, or listen at tls:// with { requestCert: true, ca }, or say { allowAnyone: true }',
    );
  return ip;
}
