// The checks of the documents are seen to fail, in a small tree of their own.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { declarationOf, exportedNames, membersOf } from './declarations.ts';
import { checkReference } from './reference.ts';
import { checkSnippets, writeSnippets } from './snippets.ts';

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function tree(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'kindred-documents-'));
  folders.push(root);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return root;
}

const example = `import { serve } from 'kindred';

{
  // #region use
  // #region inner
  const a = 1;
  // #endregion

  console.log(a);
  // #endregion
}
`;

const source = `import type { Base } from './base.ts';

interface Hidden {
  hidden?: boolean;
}

/** Comment. */
export interface Options extends Omit<Base, 'left'>, Hidden, Pick<Other, 'a' | 'b'> {
  /** A function. */
  run(): void;
  readonly size: number;
  nested?: { inner: string };
}

export async function start<T = unknown>(
  target: string,
  options: Options = {},
): Promise<T> {
  return undefined as T;
}

export function stop(): void {
  start('x');
}

export type Mode =
  /** One. */
  | { kind: 'one'; a: string }
  | { kind: 'two' };
`;

describe('code in the documents', () => {
  const block = (marker: string, text: string): string => `Text.\n\n${marker}\`\`\`ts\n${text}\n\`\`\`\n`;

  it('is written from whole files and from regions, without their marks and their indentation', () => {
    const root = tree({
      'examples/a.ts': example,
      'docs/page.md':
        block('<!-- code: examples/a.ts#inner -->\n', 'old') + block('<!-- code: examples/a.ts -->\n', ''),
    });
    assert.equal(checkSnippets(root).length, 1);
    writeSnippets(root);
    assert.deepEqual(checkSnippets(root), []);
    const text = readFileSync(join(root, 'docs/page.md'), 'utf8');
    assert.ok(text.includes('```ts\nconst a = 1;\n```'));
    assert.ok(text.includes("```ts\nimport { serve } from 'kindred';\n"));
    assert.ok(!text.includes('#region'));
  });

  it('fails where it differs from its file', () => {
    const root = tree({
      'examples/a.ts': example,
      'README.md': block('<!-- code: examples/a.ts#inner -->\n', 'const a = 2;'),
    });
    assert.match(checkSnippets(root).join(), /README.md: a block differs from its source/);
  });

  it('fails where nothing stands behind it', () => {
    const root = tree({
      'docs/page.md':
        block('', 'const a = 1;') +
        block('<!-- code: examples/none.ts -->\n', '') +
        block('<!-- declaration: none -->\n', ''),
    });
    assert.deepEqual(checkSnippets(root), [
      "docs/page.md: no marker says where the block that begins with 'const a = 1;' comes from",
      "docs/page.md: there is no code 'examples/none.ts'",
      "docs/page.md: there is no declaration 'none'",
    ]);
  });

  it('fails where a marker has no block', () => {
    const root = tree({
      'examples/a.ts': example,
      'README.md': '<!-- code: examples/a.ts#inner -->\n\nText.\n',
    });
    assert.deepEqual(checkSnippets(root), [
      "README.md: no block stands behind the marker of 'examples/a.ts#inner'",
    ]);
  });

  it('leaves blocks of other languages alone', () => {
    assert.deepEqual(checkSnippets(tree({ 'README.md': '```sh\nnpm test\n```\n' })), []);
  });
});

describe('declarations', () => {
  const root = tree({
    'src/base.ts': 'export interface Base {\n  left: string;\n  right: string;\n}\n',
    'src/source.ts': source,
    'src/index.ts':
      "/** x */\nexport type { Base } from './base.ts';\nexport {\n  type Options,\n  start as begin,\n} from './source.ts';\n",
  });

  it('are found without their bodies', () => {
    assert.equal(
      declarationOf(root, 'start'),
      'function start<T = unknown>(\n  target: string,\n  options: Options = {},\n): Promise<T>',
    );
    assert.equal(declarationOf(root, 'stop'), 'function stop(): void');
    assert.match(declarationOf(root, 'Mode') ?? '', /\| \{ kind: 'two' \};$/);
    assert.equal(declarationOf(root, 'Hidden'), undefined);
  });

  it('of what can be called in several ways are those ways', () => {
    const several =
      'export function stop(): void;\nexport function stop(at: number): void;\nexport function stop(at?: number): void {\n  halt(at);\n}\n' +
      'export const halt: typeof stop = ((at) =>\n  exit(at)) as typeof stop;\n';
    const place = tree({ 'src/source.ts': several });
    assert.equal(declarationOf(place, 'stop'), 'function stop(): void;\nfunction stop(at: number): void;');
    assert.equal(declarationOf(place, 'halt'), 'const halt: typeof stop;');
  });

  it('tell their members, inherited ones too', () => {
    assert.deepEqual(membersOf(root, 'Options').sort(), [
      'a',
      'b',
      'hidden',
      'nested',
      'right',
      'run',
      'size',
    ]);
  });

  it('are listed by the index that exports them', () => {
    assert.deepEqual(exportedNames(root, 'src/index.ts'), ['Base', 'Options', 'begin']);
  });
});

describe('the reference', () => {
  const files = {
    'src/index.ts': "export { type Options, start } from './source.ts';\n",
    'src/source.ts': 'export interface Options {\n  one: string;\n  two: string;\n}\n',
    'src/base/errors.ts':
      'export const errorCodes = {\n  ERR_ONE: { means: "" },\n  ERR_TWO: {\n    means: "",\n  },\n};\n',
  };
  const page = (text: string): string[] => checkReference(tree({ ...files, 'docs/reference/page.md': text }));

  it('fails where an exported name is not told of', () => {
    assert.deepEqual(page('<!-- exports: src/index.ts -->\n\n`Options`\n'), [
      'docs/reference/page.md: src/index.ts exports start, of which nothing is said',
    ]);
  });

  it('fails where a table lacks an option, or has one that there is not', () => {
    const table =
      '<!-- options: Options -->\n| option | means |\n| --- | --- |\n| `one` | 1 |\n| `three` | 3 |\n';
    assert.deepEqual(page(table), [
      'docs/reference/page.md: the table of options: Options lacks two',
      'docs/reference/page.md: the table of options: Options has three, which there is not',
    ]);
  });

  it('fails where an event is missing, or carries something else', () => {
    const source =
      "publish('kindred:a', () => ({ one }));\npublish('kindred:b', () => ({\n  one,\n  two: f(1),\n}));\n";
    const table =
      '<!-- events -->\n| channel | carries |\n| --- | --- |\n| `kindred:b` | `one` |\n| `kindred:a` | `one` |\n';
    const root = tree({ ...files, 'src/publisher.ts': source, 'docs/reference/page.md': table });
    assert.deepEqual(checkReference(root), [
      'docs/reference/page.md: the table of events lacks kindred:b (one, two)',
      'docs/reference/page.md: the table of events has kindred:b (one), which there is not',
    ]);
  });

  it('fails where an error code is missing', () => {
    assert.deepEqual(page('<!-- error codes -->\n| code | means |\n| --- | --- |\n| `ERR_ONE` | 1 |\n'), [
      'docs/reference/page.md: the table of error codes lacks ERR_TWO',
    ]);
  });
});
