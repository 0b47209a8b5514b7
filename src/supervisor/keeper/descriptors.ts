/**
 * Which descriptor of a process leads where.
 *
 * ```
 *   0        /dev/null
 *   1, 2     the pipes of its log
 *   3 ...    its listeners, in their order (LISTEN_FDS)
 *   n        lines at the numbers that were asked for
 *   ...      lines to `words` and `ready`, at the first numbers that are free
 * ```
 */
import { KindredError } from '../../base/errors.ts';
import { firstListenFd } from '../../handles/listen-fds.ts';
import { readyVariable } from '../../process/ready.ts';
import { wordsVariable } from '../agent/agent-orders.ts';
import type { StartSpec } from './keeper.ts';

export interface Descriptors {
  /** From 3 on. `ignore`: nobody asked for this number. */
  places: ({ listener: string } | { line: string } | 'ignore')[];
  /** What tells the process of them. */
  env: Readonly<Record<string, string>>;
}

const highest = 255;

/** Throws `ERR_BAD_ARGUMENT` where a number is taken, or none that can be. */
export function layDescriptors({
  id,
  listeners,
  lines,
}: Pick<StartSpec, 'id' | 'listeners' | 'lines'>): Descriptors {
  const places = new Map<number, Descriptors['places'][number]>();
  for (const [n, listener] of listeners.entries()) places.set(firstListenFd + n, { listener });
  const env: Record<string, string> = {};
  for (const { to } of lines) {
    if (typeof to !== 'number') continue;
    if (!Number.isInteger(to) || to < firstListenFd || to > highest)
      throw bad(id, `descriptor ${to} cannot lead to lines: take a whole number from 3 to ${highest}`);
    const taken = places.get(to);
    if (taken !== undefined)
      throw bad(
        id,
        `descriptor ${to} is taken by ${typeof taken === 'object' && 'listener' in taken ? `the listener ${taken.listener}` : 'other lines'}: take ${firstListenFd + listeners.length} or more`,
      );
    places.set(to, { line: String(to) });
  }
  for (const { to } of lines) {
    if (typeof to === 'number') continue;
    let free = firstListenFd;
    while (places.has(free)) free++;
    if (
      [...places.values()].some((place) => typeof place === 'object' && 'line' in place && place.line === to)
    )
      throw bad(id, `lines to ${to} are asked for twice`);
    places.set(free, { line: to });
    env[to === 'words' ? wordsVariable : readyVariable] = `fd:${free}`;
  }
  const last = Math.max(firstListenFd - 1, ...places.keys());
  return {
    places: Array.from(
      { length: last - firstListenFd + 1 },
      (_, n) => places.get(firstListenFd + n) ?? 'ignore',
    ),
    env,
  };
}

function bad(id: string, fault: string): KindredError {
  return new KindredError('ERR_BAD_ARGUMENT', `${id} cannot be started: ${fault}`);
}
