/**
 * How a daemon says that it is ready: a line `READY=1` on the descriptor that `KINDRED_READY` names, `fd:3`. A program of
 * any language can write it.
 */
import { closeSync, fstatSync, writeSync } from 'node:fs';
import { writePidFile } from './pid-file.ts';

/** Names the descriptor: `fd:3`. */
export const readyVariable = 'KINDRED_READY';

/** Names the pid file that whoever started the daemon has written for it. */
export const pidFileVariable = 'KINDRED_PID_FILE';

/** What is written there. */
export const readyLine = 'READY=1\n';

/**
 * Says to whoever has started this process by `daemonize` that it is ready: once, at the first call. From then on its pid
 * file is removed when it exits. Does nothing in a process that was started otherwise, or whose starter has gone.
 */
export function ready(): void {
  const { [readyVariable]: told, [pidFileVariable]: pidFile } = process.env;
  // No grandchild must take them for its own.
  delete process.env[readyVariable];
  delete process.env[pidFileVariable];
  if (pidFile !== undefined && pidFile !== '') adopt(pidFile);
  const fd = Number(/^fd:(\d{1,7})$/.exec(told ?? '')?.[1] ?? Number.NaN);
  if (Number.isNaN(fd) || !isLine(fd)) return;
  try {
    writeSync(fd, readyLine);
  } catch {
    // Whoever wanted to know it has gone.
  }
  closeSync(fd);
}

/** Where this process may not write there any more, whoever starts next finds the file of a dead process, and replaces it. */
function adopt(pidFile: string): void {
  try {
    writePidFile(pidFile);
  } catch {}
}

/** A variable that was handed on by mistake must not have a file of this process written to. */
function isLine(fd: number): boolean {
  try {
    const stat = fstatSync(fd);
    return stat.isSocket() || stat.isFIFO();
  } catch {
    return false;
  }
}
