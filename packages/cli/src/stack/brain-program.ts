/** The brain of the stacks that this command starts: that of the library, with croner for schedules that are strings. */
import { runBrain } from 'kindred/supervisor';
import { cronMaker } from './cron.ts';

async function main(): Promise<void> {
  await runBrain({ cron: await cronMaker() });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
