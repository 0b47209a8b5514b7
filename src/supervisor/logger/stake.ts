/**
 * How much of what came out of a FIFO is not written yet: kept in the FIFO itself, so that it outlives the logger.
 *
 * The logger sets the access time of the FIFO to 0 when it reads on with nothing at stake; whoever reads changes it, and
 * that is the kernel's doing, within the read. Then the logger sets it to the number of bytes, as seconds, until they are
 * written. So the next logger finds
 *
 *   0                  nothing was lost
 *   1 to 2^30          so many bytes (a time before the year 2004)
 *   a time of now      what one read takes at most: the logger was killed between the read and its next instruction
 *
 * On a file system that keeps no access times (`noatime`) the third case looks like the one before it.
 */
import { fchmodSync, fstatSync, futimesSync } from 'node:fs';

/** Set on a FIFO when its access time begins to mean something: one that nobody has read yet has the time of its birth. */
const usedMode = 0o100;
const mostBytes = 2 ** 30;

/** At most so many bytes. */
export function stakeOf(fd: number, readBytes: number): number {
  const { mode, atimeMs } = fstatSync(fd);
  if ((mode & usedMode) === 0) return 0;
  const seconds = Math.round(atimeMs / 1000);
  return seconds > mostBytes ? readBytes : seconds;
}

/** From now on the access time means what is said above; `bytes` are at stake already. Throws where the FIFO is another user's. */
export function useStake(fd: number, bytes: number): void {
  setStake(fd, bytes);
  fchmodSync(fd, (fstatSync(fd).mode & 0o777) | usedMode);
}

export function setStake(fd: number, bytes: number): void {
  // The kernel leaves an access time alone that is later than the last change.
  const seconds = Math.min(bytes, mostBytes);
  futimesSync(fd, seconds, seconds);
}
