/**
 * The pages of docs/reference name all that the library exports, and every option:
 *
 *   <!-- exports: src/index.ts -->           each of its names stands somewhere on the page as code
 *   <!-- options: ConnectOptions -->         the table below has one row for each member, and no other
 *   <!-- error codes -->                     the table below is the table of src/base/errors.ts
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportedNames, membersOf } from './declarations.ts';
import { projectFiles } from './files.ts';

export function checkReference(root: string): string[] {
  return projectFiles(root, 'docs/reference/*.md').flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return [...missingNames(root, text), ...wrongTables(root, text)].map((problem) => `${file}: ${problem}`);
  });
}

function missingNames(root: string, text: string): string[] {
  return [...text.matchAll(/^<!-- exports: (\S+) -->$/gm)].flatMap(([, index = '']) =>
    exportedNames(root, index)
      .filter(
        (name) => !new RegExp(`\`${name}[\`(<]|^<!-- (?:declaration|options): ${name} -->$`, 'm').test(text),
      )
      .map((name) => `${index} exports ${name}, of which nothing is said`),
  );
}

function wrongTables(root: string, text: string): string[] {
  const tables = [...text.matchAll(/^<!-- (options: (\w+)|error codes) -->\n((?:\|.*\n)+)/gm)];
  return tables.flatMap(([, marker = '', name, table = '']) => {
    const said = table
      .split('\n')
      .slice(2, -1)
      .map((row) => /^\| `(\w+)`/.exec(row)?.[1] ?? row);
    const real = name === undefined ? errorCodesOf(root) : membersOf(root, name);
    return [
      ...real.filter((key) => !said.includes(key)).map((key) => `the table of ${marker} lacks ${key}`),
      ...said
        .filter((key) => !real.includes(key))
        .map((key) => `the table of ${marker} has ${key}, which there is not`),
    ];
  });
}

function errorCodesOf(root: string): string[] {
  const text = readFileSync(join(root, 'src/base/errors.ts'), 'utf8');
  return [...text.matchAll(/^ {2}(ERR_\w+): \{/gm)].map(([, code]) => code ?? '');
}
