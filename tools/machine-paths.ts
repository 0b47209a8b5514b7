// Paths that exist on the author's machine alone.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFiles } from './files.ts';

const machinePath = /(?<![\w.~-])\/(home|Users|root|work|workspace)\/[\w.-]+/;

export function checkMachinePaths(root: string): string[] {
  return projectFiles(root, '**/*', '.*', '.ci/*')
    .filter((file) => file !== '.git') // a file in a linked work tree
    .flatMap((file) =>
      readFileSync(join(root, file), 'utf8')
        .split('\n')
        .map((line, index) => ({ found: machinePath.exec(line)?.[0], line: index + 1 }))
        .filter(({ found }) => found !== undefined)
        .map(({ found, line }) => `${file}:${line}: '${found}' is a path of one machine`),
    );
}
