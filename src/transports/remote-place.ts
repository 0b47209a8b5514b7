/** From where a connection comes, as far as limits care: what one machine, or one network of one owner, can be at a time. */
import { isIPv6 } from 'node:net';

/**
 * An IPv4 address (also where it stands inside IPv6); of IPv6 the /64 network, because whoever has one address there has
 * all of them. Empty for what has none: a Unix domain socket.
 */
export function remotePlace(remoteAddress: string | undefined): string {
  if (remoteAddress === undefined) return '';
  const [address = ''] = remoteAddress.split('%');
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = address.split('::');
  const before = groupsOf(head);
  const behind = tail === undefined ? [] : groupsOf(tail);
  const zeros = new Array<string>(Math.max(0, 8 - before.length - behind.length)).fill('0');
  const groups = tail === undefined ? before : [...before, ...zeros, ...behind];
  return `${groups.slice(0, 4).map(trimmed).join(':')}::/64`;
}

/** An IPv4 address at the end stands for two groups. */
function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
}

function trimmed(group: string): string {
  return Number.parseInt(group, 16).toString(16);
}
