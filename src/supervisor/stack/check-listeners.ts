/** The listeners of a stack, and the routes that give out their connections. */
import { KindredError } from '../../base/errors.ts';
import type { Rule } from '../../handles/rules.ts';
import { type Address, formatAddress, parseAddress } from '../../transports/address.ts';
import type { CheckedListener, CheckedRoute } from './checked-stack.ts';
import { Fields, isRecord } from './fields.ts';
import { shown } from './mistake.ts';
import { didYouMean } from './nearest.ts';
import { pathIn, type Surroundings } from './surroundings.ts';

const known = ['address', 'backlog', 'mode'];

export function checkListeners(stack: Fields, around: Surroundings): Record<string, CheckedListener> {
  const listeners: Record<string, CheckedListener> = {};
  const taken = new Map<string, string>();
  for (const [name, value] of stack.entries('listeners', 'listener')) {
    const given = isRecord(value) ? value : { address: value };
    const at = `listeners.${name}`;
    const fields = Fields.of(stack.findings, at, given, known);
    if (fields === undefined) continue;
    const address = checkAddress(fields, isRecord(value) ? 'address' : '', around);
    const backlog = fields.number('backlog', 511, { min: 1, max: 2 ** 31 - 1 });
    const isUnix = address?.kind === 'unix';
    if (fields.has('mode') && address !== undefined && !isUnix)
      fields.wrong('mode', 'is for unix: alone', 'leave it out');
    const mode = isUnix ? fields.number('mode', 0o600, { max: 0o777 }, 'the rights of a file') : undefined;
    if (address === undefined) continue;
    const text = formatAddress(address);
    const other = taken.get(text);
    const takesAnyPort = address.kind === 'tcp' && address.port === 0;
    if (other !== undefined && !takesAnyPort)
      fields.wrong('', `has the address of listeners.${other}`, 'give it another, or leave it out');
    taken.set(text, name);
    listeners[name] = { name, address: text, backlog, mode };
  }
  return listeners;
}

function checkAddress(fields: Fields, key: string, { directory, system }: Surroundings): Address | undefined {
  const value = fields.get('address');
  const wrong = (text: string, mend: string): undefined => void fields.wrong(key, text, mend);
  // A key that is no option was most likely meant to be it, and is noted.
  if (value === undefined && Object.keys(fields.values).some((each) => !known.includes(each)))
    return undefined;
  if (typeof value !== 'string')
    return wrong(`is ${shown(value)}`, 'write an address, for example tcp://127.0.0.1:8080');
  const address = parsed(value, wrong);
  if (address === undefined) return undefined;
  switch (address.kind) {
    case 'unix':
      return { kind: 'unix', path: pathIn(directory, address.path) };
    case 'tcp':
      if (address.port > 0 && address.port < system.lowestPort && !system.isRoot)
        fields.remark(
          key,
          `has the port ${address.port}, which only root can open here`,
          `take ${system.lowestPort} or a higher one, or give the right (CAP_NET_BIND_SERVICE)`,
        );
      return address;
    case 'local':
      return address;
    case 'tls':
      return wrong(
        'is tls://, and a listener is a bare socket',
        `write tcp://${value.slice('tls://'.length)}, and let the service do TLS on it`,
      );
    default:
      return wrong(`is ${address.kind}:, at which nothing can be inherited`, 'write tcp://, unix: or local:');
  }
}

/** Of each service: the listeners whose connections are to be given to it, whatever else is wrong with them. */
export function routedTo({ values }: Fields): Map<unknown, string[]> {
  const routed = new Map<unknown, string[]>();
  if (!isRecord(values['routes'])) return routed;
  for (const [listener, route] of Object.entries(values['routes'])) {
    const to = isRecord(route) ? route['to'] : undefined;
    if (to !== undefined) routed.set(to, [...(routed.get(to) ?? []), listener]);
  }
  return routed;
}

/** What the service of each listener is must be checked already. */
export function checkRoutes(
  stack: Fields,
  listeners: readonly string[],
  services: Readonly<Record<string, { listen: readonly string[]; canTakeSockets: boolean }>>,
): Record<string, CheckedRoute> {
  const routes: Record<string, CheckedRoute> = {};
  for (const [listener, value] of stack.entries('routes', 'listener')) {
    const fields = Fields.of(stack.findings, `routes.${listener}`, value, ['to', 'pick']);
    if (fields === undefined) continue;
    if (!listeners.includes(listener))
      fields.wrong('', 'is of no listener', didYouMean(listener, listeners, 'declare it in listeners'));
    const to = fields.get('to');
    const service = typeof to === 'string' && Object.hasOwn(services, to) ? services[to] : undefined;
    if (service === undefined) fields.wrong('to', `is ${shown(to)}`, didYouMean(to, Object.keys(services)));
    else if (!service.canTakeSockets)
      fields.wrong('to', `is ${shown(to)}, a program of its own`, 'route to a service with fork or host');
    const pick = fields.get('pick');
    if (pick !== undefined && typeof pick !== 'function')
      fields.wrong('pick', `is ${shown(pick)}`, 'write a rule: leastConnections(), roundRobin() ...');
    for (const [name, { listen }] of Object.entries(services))
      if (listen.includes(listener))
        fields.wrong(
          '',
          `is of a listener that services.${name} listens on by itself`,
          `take '${listener}' out of its listen, or the route away`,
        );
    if (typeof to === 'string') routes[listener] = { to, pick: pick as Rule | undefined };
  }
  return routes;
}

function parsed(text: string, wrong: (text: string, mend: string) => undefined): Address | undefined {
  try {
    return parseAddress(text);
  } catch (error) {
    if (!(error instanceof KindredError)) throw error;
    // "the address "X" has no port: write ..."
    const [, fault = error.message, mend = 'write an address, for example tcp://127.0.0.1:8080'] =
      /^the address "(?:[^"\\]|\\.)*" (.*?): (.*)$/s.exec(error.message) ?? [];
    return wrong(`is ${shown(text)}, which ${fault}`, mend);
  }
}
