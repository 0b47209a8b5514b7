// Syntax that compiles here and fails at a user's: looked for in what is published.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '@swc/core';
import { projectFiles } from './files.ts';

export async function checkSyntax(root: string): Promise<string[]> {
  const files = projectFiles(root, 'src/**/*.ts', 'packages/*/src/**/*.ts');
  const problems = await Promise.all(files.map((file) => checkFile(root, file)));
  return problems.flat();
}

async function checkFile(root: string, file: string): Promise<string[]> {
  const source = readFileSync(join(root, file), 'utf8');
  const tree = await parse(source, { syntax: 'typescript', target: 'esnext' });
  const isTest = file.endsWith('.test.ts');
  const problems = new Set<string>();

  function visit(node: unknown, inFunction: boolean): void {
    if (typeof node !== 'object' || node === null) return;
    if (Array.isArray(node)) {
      for (const item of node) visit(item, inFunction);
      return;
    }
    const { type, isAwait } = node as { type?: string; isAwait?: boolean };
    // Node.js 22 does not parse it, and type stripping does not lower it.
    if (type === 'UsingDeclaration')
      problems.add(`'${isAwait ? 'await using' : 'using'}' does not parse on Node.js 22`);
    // dependency-cruiser's parser passes over it, and so would the layering check. (In a test it is
    // what a user of host() writes.)
    if (!isTest && type === 'TsImportType')
      problems.add("import('...') as a type hides from the layering check: use 'import type'");
    // require() cannot load a module that waits.
    if (!isTest && !inFunction && (type === 'AwaitExpression' || (type === 'ForOfStatement' && isAwait))) {
      problems.add('top-level await makes require() of the package fail');
    }
    const inside = inFunction || opensFunction(type);
    for (const child of Object.values(node)) visit(child, inside);
  }
  visit(tree.body, false);
  return [...problems].map((problem) => `${file}: ${problem}`);
}

function opensFunction(type: string | undefined): boolean {
  return /Function|Method|Constructor|GetterProperty|SetterProperty|StaticBlock/.test(type ?? '');
}
