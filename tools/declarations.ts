/** What the library exports, read from its sources: they state every type (`isolatedDeclarations`), so text is enough. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFiles } from './files.ts';

/** The declaration of an exported name, without bodies of functions; undefined where there is none. */
export function declarationOf(root: string, name: string): string | undefined {
  return find(root, name)?.text;
}

/** The names that an index file exports: values and types. */
export function exportedNames(root: string, index: string): string[] {
  const text = readFileSync(join(root, index), 'utf8').replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '');
  return [...text.matchAll(/export (?:type )?\{([^}]*)\}/g)]
    .flatMap(([, names = '']) => names.split(','))
    .map((name) =>
      name
        .trim()
        .replace(/^type /, '')
        .replace(/^\w+ as /, ''),
    )
    .filter((name) => name !== '');
}

/** The members of an interface, its own and those of the interfaces of this library that it extends. */
export function membersOf(root: string, name: string, near?: string): string[] {
  const found = find(root, name, near);
  if (found === undefined) return [];
  const [, heads = ''] = /^interface \w+(?:<[^{]*?>)?(?:\s+extends ([^{]*))?\{/.exec(found.text) ?? [];
  const inherited = splitOutside(heads).flatMap((base) => {
    const [, wrapper, from = '', rest = ''] = /^(?:(Pick|Omit)<)?(\w+)(.*)$/s.exec(base) ?? [];
    const listed = [...rest.matchAll(/'(\w+)'/g)].map(([, key]) => key ?? '');
    if (wrapper === 'Pick') return listed;
    const all = membersOf(root, from, found.file);
    return wrapper === 'Omit' ? all.filter((key) => !listed.includes(key)) : all;
  });
  const own = [...found.text.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(<]/gm)].map(([, key]) => key ?? '');
  return [...new Set([...own, ...inherited])];
}

/** Where a name is declared: in the file `near` it, exported or not, else wherever it is exported. */
function find(root: string, name: string, near?: string): { file: string; text: string } | undefined {
  const files = near === undefined ? sources(root) : [near, ...sources(root)];
  for (const file of files) {
    const text = declarationIn(readFileSync(join(root, file), 'utf8'), name, file === near);
    if (text !== undefined) return { file, text };
  }
  return undefined;
}

function sources(root: string): string[] {
  return projectFiles(root, 'src/**/*.ts').filter((file) => !file.endsWith('.test.ts'));
}

function declarationIn(text: string, name: string, hidden: boolean): string | undefined {
  const lines = text.split('\n');
  const exported = hidden ? '(?:export )?' : 'export ';
  const head = new RegExp(`^${exported}(?:async )?(?:function|interface|type|const) ${name}\\b`);
  const start = lines.findIndex((line) => head.test(line));
  if (start < 0) return undefined;
  const shown: string[] = [];
  let depth = 0;
  for (const line of lines.slice(start)) {
    shown.push(shown.length === 0 ? line.replace(/^(?:export )?(?:async )?/, '') : line);
    // The body of a function, which follows its type at the end of a line.
    if (
      depth <= 0 &&
      /^function/.test(shown[0] ?? '') &&
      /^(?:(?:export )?function|\)).* \{$/.test(shown.at(-1) ?? '')
    )
      return withoutImplementation([...shown.slice(0, -1), shown.at(-1)?.slice(0, -2) ?? '']);
    // What a constant that is a function does is nobody's business either.
    const constant = /^(const \w+: .*?) = \(.*(?:[({]|=>)$/.exec(shown[0] ?? '');
    if (constant !== null) return `${constant[1]};`;
    const code = line.replace(/\/\*.*\*\/|\/\/.*|^\s*\*.*/, '');
    depth += code.replace(/[^{]/g, '').length - code.replace(/[^}]/g, '').length;
    const end = shown[0]?.startsWith('interface') ? /\}$/ : /;$/;
    if (depth === 0 && end.test(code) && !shown[0]?.startsWith('function')) return shown.join('\n');
  }
  return undefined;
}

/** Of a function that can be called in several ways: those, and not the one that is behind them all. */
function withoutImplementation(shown: readonly string[]): string {
  const head = /^export function/;
  const last = shown.findLastIndex((line) => head.test(line));
  const ways = last < 0 ? shown : shown.slice(0, last);
  return ways.map((line) => line.replace(/^export /, '')).join('\n');
}

/** Splits at commas that stand in no angle brackets. */
function splitOutside(list: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const char of list) {
    if (char === '<') depth++;
    else if (char === '>') depth--;
    if (char === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += char;
  }
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}
