/** The times at which a service is started, whoever says them. */
import { KindredError } from '../../base/errors.ts';
import type { Schedule, ServiceSpec } from '../stack/stack.ts';

/** What makes a schedule of a string: the class `Cron` of croner. */
type MakeCron = new (pattern: string, options: { timezone?: string; paused: true }) => Schedule;

/**
 * A schedule as a value that knows its next time. Throws `ERR_BAD_CONFIG` for a string that is no pattern, and for any
 * string where croner is not installed.
 */
export async function scheduleOf(
  spec: NonNullable<ServiceSpec['schedule']>,
  load: () => Promise<unknown> = loadCroner,
): Promise<Schedule> {
  if (typeof spec === 'object' && 'nextRun' in spec) return spec;
  const { cron, timeZone } = typeof spec === 'string' ? { cron: spec, timeZone: undefined } : spec;
  let made: unknown;
  try {
    made = await load();
  } catch (cause) {
    throw new KindredError(
      'ERR_BAD_CONFIG',
      `schedule ${JSON.stringify(cron)}: a string needs croner: npm install croner, or start the stack by the command ` +
        'kindred, which brings it, or give a value with nextRun(after)',
      { cause },
    );
  }
  const { Cron } = made as { Cron: MakeCron };
  try {
    return new Cron(cron, { paused: true, ...(timeZone === undefined ? {} : { timezone: timeZone }) });
  } catch (cause) {
    throw new KindredError(
      'ERR_BAD_CONFIG',
      `schedule ${JSON.stringify(cron)}${timeZone === undefined ? '' : ` in ${timeZone}`}: ${(cause as Error).message}`,
      { cause },
    );
  }
}

function loadCroner(): Promise<unknown> {
  // The core has no dependencies: only whoever has it installed can use it.
  const name: string = 'croner';
  return import(name);
}
