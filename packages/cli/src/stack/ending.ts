/** How a verb ends that goes on until it is told to stop. */
import { KindredError } from 'kindred';
import type { Terminal } from '../terminal.ts';

/** Being told to stop is the end that was meant, where the verb `follows`. */
export async function untilStopped(
  terminal: Terminal,
  follows: boolean,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const told = error instanceof KindredError && error.code === 'ERR_CANCELLED' && terminal.stop.aborted;
    if (!follows || !told) throw error;
  }
}
