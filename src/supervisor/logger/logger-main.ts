/**
 * The program of the logger: takes orders from whoever started it, and ends with that. Its argument is the directory of the
 * files. Signals of the terminal are not meant for it: services write their last lines after them.
 */
import { serve } from '../../endpoint/serve.ts';
import { createLogger } from './logger.ts';

async function main(directory: string): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  const { end, ...orders } = createLogger({ directory });
  const server = await serve('parent:', orders, { onEnd: 'stay' });
  await server.closed;
  await end();
  // A write that hangs must not keep it.
  process.exit();
}

const [, , directory = '.'] = process.argv;
void main(directory);
