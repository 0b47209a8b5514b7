/**
 * Pipes that have a name. The keeper holds each open for reading and writing: so nobody who writes ever hears that its
 * reader has gone, and what is in a pipe stays there until the next reader comes.
 */
import { execFile } from 'node:child_process';
import { closeSync, constants, lstatSync, openSync, unlinkSync } from 'node:fs';
import { KindredError } from '../../base/errors.ts';

export interface Fifo {
  readonly path: string;
  /**
   * A descriptor of its own to write to, for a child; whoever asks closes it. `lasting`: one that reads, too, so that its
   * holder is not ended by a write when the keeper was killed and nobody else holds the pipe.
   */
  openEnd(lasting: boolean): number;
  /** Removes the name and lets go. */
  close(): void;
}

export type FifoMaker = (paths: readonly string[]) => Promise<Fifo[]>;

const makeTimeoutMs = 10_000;
/** Arguments of one command. */
const mostAtOnce = 500;

/**
 * Makes FIFOs (mode 0600), and takes one that is there already. What is asked for at the same time is made by one command.
 *
 * The maker throws `ERR_NOT_SUPPORTED` where there is no `mkfifo`, and what the file system throws.
 */
export function createFifoMaker(): FifoMaker {
  interface Batch {
    paths: string[];
    made: Promise<void>;
  }
  let collecting: Batch | undefined;
  let last: Promise<unknown> = Promise.resolve();

  function join(paths: readonly string[]): Promise<void> {
    if (collecting === undefined || collecting.paths.length + paths.length > mostAtOnce) {
      const batch: Batch = { paths: [], made: Promise.resolve() };
      batch.made = last.then(async () => {
        await new Promise((resolve) => setImmediate(resolve));
        if (collecting === batch) collecting = undefined;
        await mkfifo(batch.paths);
      });
      last = batch.made.catch(() => {});
      collecting = batch;
    }
    collecting.paths.push(...paths);
    return collecting.made;
  }

  return async (paths) => {
    const missing = paths.filter((path) => !isFifo(path));
    if (missing.length > 0) await join(missing);
    const held: Fifo[] = [];
    try {
      for (const path of paths) held.push(hold(path));
    } catch (error) {
      for (const fifo of held) fifo.close();
      throw error;
    }
    return held;
  };
}

function hold(path: string): Fifo {
  // Without O_NONBLOCK it would do as well: it is its own other end. Nobody reads or writes through it.
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  return {
    path,
    openEnd: (lasting) => openSync(path, lasting ? constants.O_RDWR : constants.O_WRONLY),
    close() {
      unlinkIfThere(path);
      closeSync(fd);
    },
  };
}

/** Node.js cannot make them. */
function mkfifo(paths: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(
      'mkfifo',
      ['-m', '600', '--', ...paths],
      { timeout: makeTimeoutMs },
      (error, _stdout, stderr) => {
        if (error === null) resolve();
        else if (error.code === 'ENOENT')
          reject(
            new KindredError('ERR_NOT_SUPPORTED', 'there is no mkfifo on the PATH: install coreutils', {
              cause: error,
            }),
          );
        else
          reject(
            new KindredError(
              'ERR_START_FAILED',
              `pipes could not be made: ${stderr.trim() || error.message}`,
              {
                cause: error,
              },
            ),
          );
      },
    );
  });
}

/** Anything else in its place is in the way: the directory is the keeper's own. */
function isFifo(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isFIFO() === true) return true;
  if (found !== undefined) unlinkSync(path);
  return false;
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
