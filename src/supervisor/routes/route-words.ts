/**
 * What a router, the keeper and a service say to each other over Node's own IPC, which alone carries sockets: it leads from
 * a process to its parent, so the keeper passes on what the other two say.
 *
 * ```
 *   router                       keeper                          service
 *     line web.1#4, said  ->       line web#2, said       ->        said, of router web#2
 *     said, of web.1#4    <-       line web.1#4, said     <-        line web#2, said
 *     ended, cut web.1#4  <-                              <-        (its exit, the end of its channel)
 *     targets, close      <-
 *     ping                <-
 *     pong                ->
 * ```
 * `said` is of a hand-over (`src/handles`), and nobody's business in between.
 */
import { isRecord } from '../../base/is-record.ts';

export type RouteSays =
  /** `line`: whom it is for, on its way to the keeper; whom it is from, on its way on. May have a handle with it. */
  | { say: 'line'; line: string; said: unknown }
  /** The process at the other end has ended; what it has said before may still come. `cut`: nothing comes any more. */
  | { say: 'ended' | 'cut'; line: string }
  | { say: 'targets'; targets: readonly RouteTarget[] }
  /** Takes no more, finishes what it has, and ends. */
  | { say: 'close' }
  /** Whether it still turns: a rule is anybody's function. */
  | { say: 'ping' | 'pong' };

/** A process that gets connections. */
export interface RouteTarget {
  id: string;
  /** How rules know it: the same as that of the one in whose place it stands. */
  name: string;
}

const key = 'kindred.route';

export function routeWords(says: RouteSays): object {
  return { [key]: says };
}

/** Undefined for what is none: a program may use its channel for words of its own. */
export function openRouteWords(message: unknown): RouteSays | undefined {
  const says = isRecord(message) ? message[key] : undefined;
  if (!isRecord(says)) return undefined;
  const { say, line, said, targets } = says;
  switch (say) {
    case 'line':
      return typeof line === 'string' ? { say, line, said } : undefined;
    case 'ended':
    case 'cut':
      return typeof line === 'string' ? { say, line } : undefined;
    case 'targets':
      return Array.isArray(targets) ? { say, targets: targets as RouteTarget[] } : undefined;
    case 'close':
    case 'ping':
    case 'pong':
      return { say };
    default:
      return undefined;
  }
}
