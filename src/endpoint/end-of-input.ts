/** A process that serves whoever started it has no reason to live when that one is gone: it ends, so that no orphan stays. */
import { flushAndExit } from './channels.ts';

export function endsProcess(closed: Promise<unknown>): void {
  void closed.then(() => flushAndExit(typeof process.exitCode === 'number' ? process.exitCode : 0));
}
