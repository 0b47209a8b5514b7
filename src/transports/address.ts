/**
 * Addresses: a string in, a closed union out, and back. `formatAddress(parseAddress(text))` is the same address.
 *
 * ```
 *   local:NAME                  a named endpoint of this user; any characters
 *   unix:/run/app.sock          a Unix domain socket       unix:@app       an abstract one (Linux)
 *   pipe:NAME                   a Windows named pipe       memory:NAME     inside this process
 *   tcp://HOST:PORT             tls://HOST:PORT            [::1] for IPv6; port 0 lets a listener choose
 *   stdio:                      parent:
 * ```
 */
import { KindredError } from '../base/errors.ts';

export type Address =
  | { kind: 'local'; name: string }
  | { kind: 'unix'; path: string }
  | { kind: 'abstract'; name: string }
  | { kind: 'pipe'; name: string }
  | { kind: 'tcp' | 'tls'; host: string; port: number }
  | { kind: 'stdio' }
  | { kind: 'parent' }
  | { kind: 'memory'; name: string };

const examples =
  'local:NAME, unix:/path.sock, unix:@name, pipe:NAME, tcp://host:port, tls://host:port, stdio:, parent:, memory:NAME';
const pipePrefix = '\\\\.\\pipe\\';

/** Throws `ERR_BAD_ADDRESS`, with the likely mend in the message. */
export function parseAddress(text: string): Address {
  if (typeof text !== 'string')
    throw bad(
      String(text),
      `is ${text === null ? 'null' : `a ${typeof text}`}`,
      `write a string, one of ${examples}`,
    );
  const colon = text.indexOf(':');
  const scheme = text.slice(0, Math.max(colon, 0)).toLowerCase();
  const rest = text.slice(colon + 1);
  switch (scheme) {
    case 'local':
    case 'memory':
      return { kind: scheme, name: nameOf(text, scheme, rest) };
    case 'unix':
      return parseUnix(text, rest);
    case 'pipe':
      return parsePipe(text, rest);
    case 'tcp':
    case 'tls':
      return parseHostAndPort(text, scheme, rest);
    case 'stdio':
    case 'parent':
      if (rest !== '') throw bad(text, `has something after ${scheme}:`, `write ${scheme}:`);
      return { kind: scheme };
    default:
      throw bad(
        text,
        scheme === '' ? 'has no scheme' : 'has a scheme that is not known',
        mendFor(text, scheme, rest),
      );
  }
}

export function formatAddress(address: Address): string {
  switch (address.kind) {
    case 'local':
    case 'memory':
    case 'pipe':
      return `${address.kind}:${address.name}`;
    case 'unix':
      return `unix:${address.path}`;
    case 'abstract':
      return `unix:@${address.name}`;
    case 'tcp':
    case 'tls':
      return `${address.kind}://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
    case 'stdio':
    case 'parent':
      return `${address.kind}:`;
  }
}

function parseUnix(text: string, rest: string): Address {
  if (rest.startsWith('@')) return { kind: 'abstract', name: nameOf(text, 'unix:@', rest.slice(1)) };
  let path = rest;
  if (rest.startsWith('//')) {
    // The URL form with an empty host, unix:///run/app.sock. With a host it is most likely a path with a slash too many.
    if (!rest.startsWith('///')) throw bad(text, 'has a host', `write unix:${rest.slice(1)}`);
    path = rest.slice(2);
  }
  if (path === '')
    throw bad(text, 'has no path', 'write unix:/path.sock, or local:NAME for an endpoint without a path');
  if (path.includes('\0'))
    throw bad(text, 'has a NUL character in its path', 'write unix:@name for an abstract socket');
  return { kind: 'unix', path };
}

function parsePipe(text: string, rest: string): Address {
  const name = rest.toLowerCase().startsWith(pipePrefix) ? rest.slice(pipePrefix.length) : rest;
  if (/[\\\0]/.test(name))
    throw bad(text, 'has a backslash or NUL in its name', 'write pipe:NAME without them');
  return { kind: 'pipe', name: nameOf(text, 'pipe', name) };
}

function parseHostAndPort(text: string, kind: 'tcp' | 'tls', rest: string): Address {
  const form = `write ${kind}://HOST:PORT, for example ${kind}://127.0.0.1:8080 or ${kind}://[::1]:8080`;
  if (!rest.startsWith('//')) {
    if (/^[^/]+:\d+$/.test(rest)) throw bad(text, 'lacks the slashes', `write ${kind}://${rest}`);
    throw bad(text, 'is not complete', form);
  }
  const [, authority = '', more] = /^\/\/([^/?#]*)(.*)$/s.exec(rest) ?? [];
  if (more) throw bad(text, `has ${JSON.stringify(more)} after the port`, form);
  if (authority.includes('@')) throw bad(text, 'has a user', form);
  const { ipv6, name, digits } =
    /^(?:\[(?<ipv6>.*)\]|(?<name>[^:]*))(?::(?<digits>[^:]*))?$/s.exec(authority)?.groups ?? {};
  const host = ipv6 ?? name;
  if (host === undefined) throw bad(text, 'has an IPv6 host without brackets', form);
  if (host === '') throw bad(text, 'has no host', form);
  if (ipv6 === undefined ? /[\s\0[\]]/.test(host) : !/^[0-9a-f:.]*:[0-9a-f:.]*(%[^%\s]+)?$/i.test(ipv6))
    throw bad(text, 'has a host that cannot be understood', form);
  if (!digits) throw bad(text, 'has no port', form);
  const port = Number(digits);
  if (!/^\d{1,5}$/.test(digits) || port > 65535)
    throw bad(text, `has ${JSON.stringify(digits)} for a port`, 'write a number from 0 to 65535');
  return { kind, host, port };
}

function nameOf(text: string, form: string, name: string): string {
  if (name === '') throw bad(text, 'has no name', `write ${form}${form.endsWith('@') ? '' : ':'}NAME`);
  return name;
}

/** What the writer most likely meant. */
function mendFor(text: string, scheme: string, rest: string): string {
  if (text.length > 100) return `write one of ${examples}`;
  if (/^[./~]/.test(text)) return `write unix:${text} for a Unix domain socket`;
  if (text.startsWith('@')) return `write unix:${text} for an abstract socket`;
  if (text.startsWith('\\\\'))
    return `write pipe:${text.toLowerCase().startsWith(pipePrefix) ? text.slice(pipePrefix.length) : 'NAME'}`;
  if (/^\d{1,5}$/.test(text)) return `write tcp://127.0.0.1:${text}`;
  if (text === 'stdio' || text === 'parent') return `write ${text}:`;
  if (text.startsWith('[') || (/^\d{1,5}$/.test(rest) && scheme !== '')) return `write tcp://${text}`;
  if (/^[a-z0-9_-]+$/i.test(text)) return `write local:${text} for a named endpoint of this machine`;
  return `write one of ${examples}`;
}

function bad(text: string, fault: string, mend: string): KindredError {
  const shown = text.length > 120 ? `${text.slice(0, 120)}...` : text;
  return new KindredError('ERR_BAD_ADDRESS', `the address ${JSON.stringify(shown)} ${fault}: ${mend}`, {
    outcome: 'not-sent',
  });
}
