/**
 * Puts a full file aside: each file takes the name of the next older one, the oldest first, so that whoever is killed in
 * the midst of it leaves a gap between the names, and no name twice. The next rotation moves files up to that gap only.
 */
import type { LogDisk } from './log-disk.ts';

/** `path` gives the name by age; of `files` names the first is free afterwards. Throws what the file system throws. */
export async function rotate(disk: LogDisk, path: (age: number) => string, files: number): Promise<void> {
  // There may have been more of them allowed before.
  for (let age = files; (await disk.identify(path(age))) !== undefined; age++) await disk.remove(path(age));
  if (files <= 1) return disk.remove(path(0));
  let free = 1;
  while (free < files - 1 && (await disk.identify(path(free))) !== undefined) free++;
  for (let age = free; age > 0; age--) await disk.rename(path(age - 1), path(age));
}
