/**
 * Which worker a connection goes to. A rule is a function of the connection and of the workers that can take it now, in
 * the order of the router's list; it returns one of them, or undefined where the connection is to wait.
 */
import type { Buffer } from 'node:buffer';
import { preferred } from './rendezvous.ts';

/** What a rule knows of a connection. Of a Unix domain socket the addresses are empty and the ports 0. */
export interface Connection {
  /** An address of IPv4 is told as such, also where the server listens on IPv6 too. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** What a rule that looks at them has asked for; empty otherwise. */
  readonly firstBytes: Buffer;
}

/** What a rule knows of a worker. */
export interface Candidate {
  readonly name: string;
  readonly roles: readonly string[];
  /** The connections that it has, those on their way to it included. */
  readonly open: number;
}

/** What of a connection a rule must see before it is asked. */
export interface FirstBytes {
  /** The most that is looked at. */
  readonly bytes: number;
  /** How long to wait for them, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether those that have come are enough. Default: never, before there are `bytes`. */
  enough?(firstBytes: Buffer, connection: Connection): boolean;
}

export interface Rule {
  (connection: Connection, workers: readonly Candidate[]): Candidate | undefined;
  /** Default: nothing is looked at. */
  readonly peek?: FirstBytes | undefined;
}

export interface PriorityOptions {
  /** Connections from these addresses are special. */
  remote?: string | readonly string[] | undefined;
  /** Connections to these addresses of this machine are special. */
  local?: string | readonly string[] | undefined;
  /** Connections of which it says true are special. */
  when?: ((connection: Connection) => boolean) | undefined;
  /** The roles of the workers that take the special ones, and the others. Default `special` and `normal`. */
  special?: string | undefined;
  normal?: string | undefined;
  /** Which of the workers with that role. Default: `leastConnections()`. */
  within?: Rule | undefined;
}

export interface FirstBytesOptions {
  /** The most that is looked at. Default 1024. */
  bytes?: number | undefined;
  /** How long to wait for them, in milliseconds. Default 1000. */
  timeoutMs?: number | undefined;
  /** What must be equal for two connections to go to the same worker; undefined where these bytes do not tell it (yet). */
  key(firstBytes: Buffer, connection: Connection): string | undefined;
  /** For connections without a key. Default: `leastConnections()`. */
  otherwise?: Rule | undefined;
}

/** Connections from or to certain addresses go to workers with the role `special`, the rest to those with the role `normal`. */
export function byPriority(options: PriorityOptions): Rule {
  const { special = 'special', normal = 'normal', within = leastConnections(), when } = options;
  const remote = asSet(options.remote);
  const local = asSet(options.local);
  const isSpecial = (connection: Connection): boolean =>
    remote.has(connection.remoteAddress) || local.has(connection.localAddress) || when?.(connection) === true;
  return withPeek(within.peek, (connection, workers) => {
    const role = isSpecial(connection) ? special : normal;
    const meant = workers.filter(({ roles }) => roles.includes(role));
    return meant.length === 0 ? undefined : within(connection, meant);
  });
}

/** One after another. */
export function roundRobin(): Rule {
  let turn = 0;
  return (_connection, workers) => workers[turn++ % workers.length];
}

/** Whoever has the fewest; of several the first in the list. */
export function leastConnections(): Rule {
  return (_connection, workers) => {
    let least = workers[0];
    for (const worker of workers) if (least !== undefined && worker.open < least.open) least = worker;
    return least;
  };
}

/** All connections from one address go to one worker; when it leaves, only its own move, each to another of the others. */
export function stickyByAddress(): Rule {
  return ({ remoteAddress }, workers) => preferred(remoteAddress, workers);
}

/**
 * All connections whose first bytes give the same key go to one worker. The bytes stay in the connection.
 *
 * It waits for them only as long as `key` returns undefined, there are fewer than `bytes`, and for `timeoutMs` at most.
 */
export function byFirstBytes(options: FirstBytesOptions): Rule {
  const { bytes = 1024, timeoutMs = 1000, key, otherwise = leastConnections() } = options;
  const enough = (firstBytes: Buffer, connection: Connection): boolean =>
    key(firstBytes, connection) !== undefined;
  return withPeek({ bytes, timeoutMs, enough }, (connection, workers) => {
    const found = key(connection.firstBytes, connection);
    return found === undefined ? otherwise(connection, workers) : preferred(found, workers);
  });
}

function withPeek(peek: FirstBytes | undefined, rule: Rule): Rule {
  return peek === undefined ? rule : Object.assign(rule, { peek });
}

function asSet(addresses: string | readonly string[] | undefined): ReadonlySet<string> {
  return new Set(typeof addresses === 'string' ? [addresses] : addresses);
}
