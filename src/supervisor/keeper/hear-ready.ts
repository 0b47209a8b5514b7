/** The line on which a process says that it is ready. */

import type { KeptProcess } from './kept-process.ts';
import { readLines } from './read-lines.ts';

/** Reads its line to its end, so that whatever else is written there fills no pipe. */
export function hearReady({ entry, exited }: KeptProcess, onReady: () => void): void {
  const { readyLine } = entry.spec;
  const path = readyLine === undefined ? undefined : entry.lines[readyLine];
  if (path === undefined) return;
  const over = new AbortController();
  void exited.then(() => over.abort());
  const onLine = (line: string): void => {
    if (line === 'READY=1' && entry.readyAt === undefined) onReady();
  };
  try {
    readLines(path, { signal: over.signal, onLine });
  } catch {
    // Whoever cannot be heard is not ready in time.
  }
}
