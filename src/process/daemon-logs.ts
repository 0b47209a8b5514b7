/** The files that the output of a daemon goes to, and what it has said there last. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';

export interface DaemonLogs {
  /** Descriptors; undefined: its output goes nowhere. */
  readonly stdout: number | undefined;
  readonly stderr: number | undefined;
  /** The end of what has been written to stderr since; empty where that is no ordinary file. */
  tail(): string;
  close(): void;
}

const tailBytes = 2048;

/** Opens them to be appended to; what is not there is made, with this mode. Throws what the file system throws. */
export function openLogs(stdout: string | undefined, stderr: string | undefined, mode: number): DaemonLogs {
  const fds = new Map<string, number>();
  const close = (): void => {
    for (const fd of fds.values()) closeSync(fd);
    fds.clear();
  };
  const open = (path: string | undefined): number | undefined => {
    if (path === undefined) return undefined;
    const file = resolve(path);
    // Readable too, for its end; and the two may be one.
    const fd = fds.get(file) ?? openSync(file, 'a+', mode);
    fds.set(file, fd);
    return fd;
  };
  try {
    const logs = { stdout: open(stdout), stderr: open(stderr) };
    const before = logs.stderr === undefined ? 0 : fstatSync(logs.stderr).size;
    return {
      ...logs,
      tail: () => (logs.stderr === undefined ? '' : endOf(logs.stderr, before)),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function endOf(fd: number, before: number): string {
  const stat = fstatSync(fd);
  if (!stat.isFile()) return '';
  const from = Math.max(before, stat.size - tailBytes);
  const bytes = Buffer.alloc(Math.max(0, stat.size - from));
  const text = bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, from));
  // The first line is told only where it is a whole one.
  return (from === before ? text : text.slice(text.indexOf('\n') + 1)).trimEnd();
}
