/** Schedules that are strings: the command brings croner, the library has no dependencies. */
import type { Schedule } from 'kindred/supervisor';

export async function cronMaker(): Promise<(pattern: string, timeZone?: string) => Schedule> {
  const { Cron } = await import('croner');
  return (pattern, timeZone) =>
    new Cron(pattern, { paused: true, ...(timeZone === undefined ? {} : { timezone: timeZone }) });
}
