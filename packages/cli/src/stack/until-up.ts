/** The start of a stack, from the outside: what happens, until every service serves, has run through, or cannot come up. */

import { KindredError } from 'kindred';
import type { InstanceStatus, Progress, StackStatus } from 'kindred/supervisor';
import { type Asked, isBrainGone, openControl } from './asking.ts';
import { pause } from './pause.ts';
import { placeOf } from './progress.ts';
import type { StackFlags } from './which-stack.ts';

/** Between two looks, in milliseconds. */
const lookMs = 100;
/** What waits for something that has failed is given so many looks: it may be about to start. */
const looksForBlocked = 5;

/** Ends with `done` or `failed`; also when the brain dies meanwhile. Throws `ERR_TIMEOUT` after `flags.timeout`. */
export async function* untilUp(flags: StackFlags, signal: AbortSignal): AsyncGenerator<Progress, undefined> {
  const { timeout: timeoutMs = Number.POSITIVE_INFINITY, ...rest } = flags;
  const until = performance.now() + timeoutMs;
  let asked: Asked | undefined;
  let last = 0;
  let blockedLooks = 0;
  try {
    for (;;) {
      try {
        asked ??= await openControl(rest, signal);
        // Before the events: what a verdict is about has been told when it is given.
        const status = await asked.control.status();
        for await (const { sequence, at, service, instance, text } of await asked.control.events({
          after: last,
        })) {
          last = sequence;
          if (service !== undefined) yield { at, service, instance, kind: 'step', text };
        }
        blockedLooks = isBlocked(status) ? blockedLooks + 1 : 0;
        const verdict = verdictOn(status, blockedLooks >= looksForBlocked);
        if (verdict !== undefined) {
          yield { at: Date.now(), ...verdict };
          return undefined;
        }
      } catch (error) {
        if (!isBrainGone(error)) throw error;
        await asked?.close();
        asked = undefined;
      }
      if (performance.now() > until)
        throw new KindredError(
          'ERR_TIMEOUT',
          `not all services were ready within ${timeoutMs} ms: see kindred ps`,
        );
      if (!(await pause(lookMs, signal))) throw new KindredError('ERR_CANCELLED', 'nobody waits any more');
    }
  } finally {
    await asked?.close();
  }
}

export function verdictOn(
  { instances, services }: Pick<StackStatus, 'instances' | 'services'>,
  blocked: boolean,
): Pick<Progress, 'kind' | 'text'> | undefined {
  const open = instances.filter((instance) => !isSettled(instance));
  if (open.some(({ state }) => state !== 'waiting')) return undefined;
  const failed = instances.filter(({ state }) => state === 'failed').map(placeOf);
  if (failed.length > 0 && (open.length === 0 || blocked)) {
    const waiting = open.length === 0 ? '' : `, and ${open.map(placeOf).join(', ')} cannot start without`;
    return { kind: 'failed', text: `${failed.join(', ')} failed${waiting}` };
  }
  if (open.length > 0) return undefined;
  return { kind: 'done', text: `${services.map(({ service }) => service).join(', ') || 'nothing'} up` };
}

/** It is as it shall be, or will not come to be by itself. With a schedule it waits for its time. */
function isSettled({ state, nextStartAt }: InstanceStatus): boolean {
  return (
    ['ready', 'ended', 'stopped', 'failed'].includes(state) ||
    (state === 'waiting' && nextStartAt !== undefined)
  );
}

function isBlocked({ instances }: StackStatus): boolean {
  return (
    instances.some(({ state }) => state === 'failed') &&
    instances.every((each) => isSettled(each) || each.state === 'waiting')
  );
}
