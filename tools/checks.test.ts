// Each check is seen to fail: a violation is planted in a copy of the work tree.
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkArchitecture } from './architecture.ts';
import { checkLayering } from './layering.ts';
import { checkLinks } from './links.ts';
import { checkMachinePaths } from './machine-paths.ts';
import { checkManifests } from './manifests.ts';
import { checkSyntax } from './syntax.ts';
import { compile } from './types.ts';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[/\\]$/, '');
const copies: string[] = [];

after(() => {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true });
});

test('layering: an upward import of a type fails', async () => {
  const problems = await checkLayering(
    plant({
      'src/wire/planted.ts':
        "import type { Planted } from '../rpc/planted.ts';\nexport type Upward = Planted;\n",
      'src/rpc/planted.ts': 'export interface Planted {}\n',
    }),
  );
  assertNames(problems, 'src/wire/planted.ts -> src/rpc/planted.ts: wire imports only base');
});

test('layering: a type passed on by an export counts as imported', async () => {
  const problems = await checkLayering(
    plant({
      'src/base/planted.ts': "export type { Planted } from '../wire/planted.ts';\n",
      'src/wire/planted.ts': 'export interface Planted {}\n',
    }),
  );
  assertNames(problems, 'src/base/planted.ts -> src/wire/planted.ts: base imports only itself');
});

test('layering: strangers on one level may not meet', async () => {
  const problems = await checkLayering(
    plant({
      'src/rpc/planted.ts': "import '../transports/planted.ts';\n",
      'src/transports/planted.ts': 'export {};\n',
    }),
  );
  assertNames(
    problems,
    'src/rpc/planted.ts -> src/transports/planted.ts: rpc imports only channel, wire, base',
  );
});

test('layering: a circle of types fails', async () => {
  const problems = await checkLayering(
    plant({
      'src/base/planted-a.ts': "import type { B } from './planted-b.ts';\nexport interface A {\n  b: B;\n}\n",
      'src/base/planted-b.ts': "import type { A } from './planted-a.ts';\nexport interface B {\n  a: A;\n}\n",
    }),
  );
  assertNames(problems, 'planted-b.ts -> src/base/planted-a.ts: no circles');
});

test('layering: a room without Node.js may not import from it', async () => {
  const problems = await checkLayering(plant({ 'src/rpc/planted.ts': "import 'node:events';\n" }));
  assertNames(problems, 'src/rpc/planted.ts -> events: rpc uses nothing of Node.js');
});

test('layering: the core may not import a library, its tests may', async () => {
  const problems = await checkLayering(
    plant({
      'src/process/planted.ts': "import 'fast-check';\n",
      'src/process/planted.test.ts': "import 'fast-check';\n",
    }),
  );
  assertNames(problems, 'src/process/planted.ts', 'the core has no runtime dependency');
  assertSilent(problems, 'src/process/planted.test.ts');
});

test('layering: a test may import testkit, the code beside it may not', async () => {
  const problems = await checkLayering(
    plant({
      'src/testkit/planted.ts': 'export {};\n',
      'src/wire/planted.ts': "import '../testkit/planted.ts';\n",
      'src/wire/planted.test.ts': "import '../testkit/planted.ts';\n",
    }),
  );
  assertNames(problems, 'src/wire/planted.ts -> src/testkit/planted.ts: wire imports only base');
  assertSilent(problems, 'src/wire/planted.test.ts');
});

test('layering: a package may not reach into src', async () => {
  const problems = await checkLayering(
    plant({
      'packages/cli/src/planted.ts': "import '../../../src/base/planted.ts';\n",
      'src/base/planted.ts': 'export {};\n',
    }),
  );
  assertNames(problems, 'packages/cli/src/planted.ts -> src/base/planted.ts: only the public exports');
});

test('layering: an example whose syntax only Node.js 24 reads is looked at, too', async () => {
  const problems = await checkLayering(
    plant({
      'examples/planted.ts':
        "import { private } from '../src/base/planted.ts';\n{\n  await using it = await private();\n}\n",
      'examples/fine.ts':
        "import { serve } from 'kindred';\n{\n  await using it = await serve('memory:x', {});\n}\n",
      'src/base/planted.ts': 'export {};\n',
    }),
  );
  assertNames(problems, 'examples/planted.ts -> ../src/base/planted.ts: only the public exports');
  assertSilent(problems, 'examples/fine.ts');
});

test('layering: a package may not use a library that its manifest does not name', async () => {
  const problems = await checkLayering(plant({ 'packages/cli/src/planted.ts': "import 'fast-check';\n" }));
  assertNames(problems, 'packages/cli/src/planted.ts', 'libraries of their own manifest');
});

test('layering: a folder that is no room fails', async () => {
  const problems = await checkLayering(plant({ 'src/utils/planted.ts': 'export {};\n' }));
  assertNames(problems, 'src/utils: no such room');
});

test('layering: a tree in which nothing is read fails', async () => {
  const empty = copy();
  rmSync(join(empty, 'src'), { recursive: true });
  mkdirSync(join(empty, 'src'));
  assertNames(await checkLayering(empty), 'nothing was checked');
});

test('types: a global of Node.js in a room without it fails', async () => {
  const problems = await compile(
    plant({ 'src/wire/planted.ts': 'export const pid: number = process.pid;\n' }),
    ['-p', 'tsconfig.pure.json'],
  );
  assertNames(problems, "src/wire/planted.ts(1,28): error TS2591: Cannot find name 'process'");
});

test('types: a web global that Node.js lacks fails', async () => {
  const problems = await compile(
    plant({ 'src/wire/planted.ts': 'export const place: unknown = location;\n' }),
    ['-p', 'tsconfig.json'],
  );
  assertNames(problems, 'src/wire/planted.ts(1,31)');
});

test('types: syntax that type stripping cannot erase fails', async () => {
  const problems = await compile(plant({ 'src/base/planted.ts': 'export enum Planted {\n  one,\n}\n' }), [
    '-p',
    'tsconfig.json',
  ]);
  assertNames(problems, 'src/base/planted.ts(1,13): error TS1294');
});

test('manifests: a runtime dependency of the core fails', () => {
  const tree = copy();
  editManifest(tree, 'package.json', (manifest) => ({ ...manifest, dependencies: { commander: '^15.0.0' } }));
  assertNames(
    checkManifests(tree),
    "package.json: the core has no runtime dependencies, but 'dependencies' names some",
  );
});

test('manifests: a range of kindred that cannot be published fails', () => {
  const tree = copy();
  editManifest(tree, 'packages/cli/package.json', (manifest) => ({
    ...manifest,
    dependencies: { kindred: 'file:../..' },
  }));
  assertNames(checkManifests(tree), "packages/cli/package.json: depends on kindred by 'file:../..'");
});

test('syntax: using, top-level await and hidden types fail', async () => {
  const problems = await checkSyntax(
    plant({
      'src/base/planted-using.ts': 'export function f(x: Disposable): void {\n  using y = x;\n  void y;\n}\n',
      'src/base/planted-await.ts': 'export const x: number = await Promise.resolve(1);\n',
      'src/base/planted-type.ts': "export type X = Map<string, import('./errors.ts').KindredError>;\n",
      'src/base/planted-fine.ts': 'export async function f(): Promise<void> {\n  await undefined;\n}\n',
    }),
  );
  assertNames(problems, "src/base/planted-using.ts: 'using' does not parse on Node.js 22");
  assertNames(problems, 'src/base/planted-await.ts: top-level await');
  assertNames(problems, "src/base/planted-type.ts: import('...') as a type");
  assertSilent(problems, 'src/base/planted-fine.ts');
});

test('documents: a path of one machine, a dead link and a stale table fail', () => {
  const tree = plant({
    'docs/planted.md': `[here](../README-not.md) and [there](https://example.com), made in ${['', 'home', 'someone'].join('/')}\n`,
    'ARCHITECTURE.md': readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').replace(
      '| `wire` | ',
      '| `wire` | more ',
    ),
  });
  assertNames(checkLinks(tree), "docs/planted.md: the link to '../README-not.md' leads nowhere");
  assertSilent(checkLinks(tree), 'example.com');
  assertNames(checkMachinePaths(tree), 'docs/planted.md:1:');
  assertNames(checkArchitecture(tree), 'ARCHITECTURE.md');
});

/** A copy of the work tree with these files written into it. */
function plant(files: Record<string, string>): string {
  const tree = copy();
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    writeFileSync(join(tree, file), text);
  }
  return tree;
}

/** The sources, manifests and settings; libraries by link, and `kindred` by link to the copy itself. */
function copy(): string {
  const tree = mkdtempSync(join(tmpdir(), 'kindred-checks-'));
  copies.push(tree);
  const settings = readdirSync(root).filter((name) => /^(tsconfig.*|package)\.json$/.test(name));
  for (const name of ['src', 'packages', 'ARCHITECTURE.md', ...settings]) {
    cpSync(join(root, name), join(tree, name), {
      recursive: true,
      filter: (file) => !/[/\\](node_modules|dist)$/.test(file),
    });
  }
  mkdirSync(join(tree, 'node_modules'));
  for (const name of readdirSync(join(root, 'node_modules'))) {
    const target = name === 'kindred' ? tree : join(root, 'node_modules', name);
    symlinkSync(target, join(tree, 'node_modules', name), 'junction');
  }
  const ofCommand = join(root, 'packages/cli/node_modules');
  if (existsSync(ofCommand)) symlinkSync(ofCommand, join(tree, 'packages/cli/node_modules'), 'junction');
  return tree;
}

function editManifest(tree: string, file: string, edit: (manifest: object) => object): void {
  writeFileSync(join(tree, file), JSON.stringify(edit(JSON.parse(readFileSync(join(tree, file), 'utf8')))));
}

/** One of the problems says all of these. */
function assertNames(problems: readonly string[], ...words: string[]): void {
  assert.ok(
    problems.some((problem) => words.every((word) => problem.includes(word))),
    `none of these says '${words.join("' and '")}':\n${problems.join('\n')}`,
  );
}

function assertSilent(problems: readonly string[], word: string): void {
  assert.deepEqual(
    problems.filter((problem) => problem.includes(word)),
    [],
  );
}
