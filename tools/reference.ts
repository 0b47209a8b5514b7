/**
 * The pages of docs/reference name all that the library exports, and every option:
 *
 *   <!-- exports: src/index.ts -->           each of its names stands somewhere on the page as code
 *   <!-- options: ConnectOptions -->         the table below has one row for each member, and no other
 *   <!-- error codes -->                     the table below is the table of src/base/errors.ts
 *   <!-- events -->                          the table below has each event that src publishes, with what it carries
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportedNames, membersOf } from './declarations.ts';
import { projectFiles } from './files.ts';

export function checkReference(root: string): string[] {
  return projectFiles(root, 'docs/reference/*.md').flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return [...missingNames(root, text), ...wrongTables(root, text), ...wrongEvents(root, text)].map(
      (problem) => `${file}: ${problem}`,
    );
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

function wrongEvents(root: string, text: string): string[] {
  const [, table] = /^<!-- events -->\n((?:\|.*\n)+)/m.exec(text) ?? [];
  if (table === undefined) return [];
  const said = new Set(
    [...table.matchAll(/^\| `(kindred:[\w.]+)` \| ([^|]*) \|/gm)].map(
      ([, name, carries = '']) => `${name} (${carries.replaceAll('`', '')})`,
    ),
  );
  const real = new Set(
    projectFiles(root, 'src/**/*.ts').flatMap((file) => eventsIn(readFileSync(join(root, file), 'utf8'))),
  );
  return [
    ...[...real].filter((event) => !said.has(event)).map((event) => `the table of events lacks ${event}`),
    ...[...said]
      .filter((event) => !real.has(event))
      .map((event) => `the table of events has ${event}, which there is not`),
  ];
}

/** `publish('kindred:x', () => ({ a, b: 1 }))` -> `kindred:x (a, b)`. */
function eventsIn(source: string): string[] {
  return [...source.matchAll(/publish\(\s*'(kindred:[^']+)', \(\) => \(\{([^}]*)\}/g)].map(
    ([, name, body = '']) => {
      const members = body.split(',').map((member) => member.trim().split(':')[0]);
      return `${name} (${members.filter((member) => member !== '').join(', ')})`;
    },
  );
}

function errorCodesOf(root: string): string[] {
  const text = readFileSync(join(root, 'src/base/errors.ts'), 'utf8');
  return [...text.matchAll(/^ {2}(ERR_\w+): \{/gm)].map(([, code]) => code ?? '');
}
