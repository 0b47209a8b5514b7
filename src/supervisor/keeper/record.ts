/**
 * What the keeper writes down for the one after it, should it be killed: who runs, which logs there are, which socket files.
 * One file, always whole: written under another name and renamed.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessIdentity } from '../../process/process-identity.ts';
import type { ProcessEntry } from './keeper.ts';
import type { KeptLog } from './logger-orders.ts';

export interface KeeperRecord {
  keeper: ProcessIdentity;
  /** When it was written, in seconds since boot. */
  uptime: number;
  /** Those that are to live on when the keeper is killed: all that there is to know. */
  lasting: ProcessEntry[];
  /** All others that run. */
  others: ProcessIdentity[];
  logs: KeptLog[];
  /** Paths of Unix domain sockets. */
  sockets: string[];
}

export interface Recorder {
  /** Resolves when what is so now is written down; changes of one turn are written at once. Throws what the file system throws. */
  save(): Promise<void>;
  /** Writes nothing any more. */
  close(): void;
}

/** There while the keeper of the directory lives, and where it was killed. */
export function recordFile(directory: string): string {
  return join(directory, 'keeper.json');
}

export function createRecorder(directory: string, current: () => KeeperRecord): Recorder {
  const path = recordFile(directory);
  let next: Promise<void> | undefined;
  let isClosed = false;
  return {
    save() {
      next ??= new Promise<void>((resolve, reject) =>
        setImmediate(() => {
          next = undefined;
          if (isClosed) return resolve();
          try {
            writeFileSync(`${path}.new`, JSON.stringify(current()), { mode: 0o600 });
            renameSync(`${path}.new`, path);
            resolve();
          } catch (error) {
            reject(error);
          }
        }),
      );
      return next;
    },
    close() {
      isClosed = true;
    },
  };
}

/** Undefined where there is none, or none that can be read. */
export function readRecord(directory: string): KeeperRecord | undefined {
  try {
    const value = JSON.parse(readFileSync(recordFile(directory), 'utf8')) as Partial<KeeperRecord> | null;
    const { keeper, uptime, lasting, others, logs, sockets } = value ?? {};
    return keeper !== undefined &&
      typeof uptime === 'number' &&
      [lasting, others, logs, sockets].every(Array.isArray)
      ? (value as KeeperRecord)
      : undefined;
  } catch {
    return undefined;
  }
}
