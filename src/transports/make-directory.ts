import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from './system-errors.ts';

/**
 * Makes a directory, and those above it that are missing. Nothing where something is there already. Throws what the system says.
 *
 * Node's own (`recursive`) never comes back where the directory above is there, and the system says all the same that it is
 * not, as Linux does below /proc.
 */
export function makeDirectory(directory: string, mode: number): void {
  try {
    mkdirSync(directory, { mode });
  } catch (error) {
    const above = dirname(directory);
    if (codeOf(error) === 'EEXIST') return;
    if (codeOf(error) !== 'ENOENT' || above === directory || existsSync(above)) throw error;
    makeDirectory(above, mode);
    makeDirectory(directory, mode);
  }
}
