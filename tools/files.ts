// The files of the project: what is neither installed nor built.
import { globSync } from 'node:fs';
import { join } from 'node:path';

const notOurs = [
  '**/node_modules/**',
  '**/dist/**',
  '**/.git/**',
  '**/.staged/**',
  '**/.cache/**',
  '**/__pycache__/**',
];

/** Paths of files below `root` that fit one of the patterns, relative to it, in order. */
export function projectFiles(root: string, ...patterns: string[]): string[] {
  return globSync(patterns, { cwd: root, exclude: notOurs, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name).slice(root.length).replaceAll('\\', '/').replace(/^\//, ''),
    )
    .sort();
}
