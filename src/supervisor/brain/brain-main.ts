/** The program of a brain, as `startStack` has it started. */
import type { CheckStackOptions } from '../stack/check-stack.ts';
import { runBrain } from './run-brain.ts';
import { textOf } from './text-of.ts';

type MakeCron = new (
  pattern: string,
  options: { timezone?: string; paused: true },
) => { nextRun(after: Date): Date | null };

/** Where croner is installed beside this package, patterns can stand in a config. */
async function cron(): Promise<CheckStackOptions['cron']> {
  const name: string = 'croner';
  try {
    const { Cron } = (await import(name)) as { Cron: MakeCron };
    return (pattern, timeZone) =>
      new Cron(pattern, { paused: true, ...(timeZone === undefined ? {} : { timezone: timeZone }) });
  } catch {
    return undefined;
  }
}

async function main(): Promise<void> {
  await runBrain({ cron: await cron() });
}

main().catch((error) => {
  process.stderr.write(`${textOf(error)}\n`);
  process.exit(1);
});
