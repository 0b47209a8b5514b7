/**
 * The program of the logger, a child of the keeper: takes its orders, and ends with it. Its argument is the directory of the
 * files.
 *
 *   running --the keeper is gone--> closing (what is left in the pipes is written) --> ended
 *           --SIGTERM, when no log is open--> ended
 *
 * With logs open it ignores the signals that a terminal or a service manager sends to all processes at once: services write
 * their last lines after them.
 */
import { serve } from '../../endpoint/serve.ts';
import { ready } from '../../process/ready.ts';
import { createLogger } from './logger.ts';

async function main(directory: string): Promise<void> {
  const logger = createLogger({ directory });
  process.on('SIGTERM', () => {
    if (logger.count === 0) process.exit();
  });
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
  const { open, close, flush } = logger;
  const server = await serve('parent:', { open, close, flush }, { onEnd: 'stay' });
  ready();
  await server.closed;
  await logger.end();
  // A write that hangs must not keep it.
  process.exit();
}

// Whoever reads what it says may be gone.
for (const output of [process.stdout, process.stderr]) output.on('error', () => {});

void main(process.argv[2] ?? '.');
