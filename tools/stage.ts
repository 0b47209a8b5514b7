// Builds what is published: each package in a folder of its own, as npm will pack it. Nothing in
// the work tree changes: sources are compiled, and manifests rewritten, in the staged copies.
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { projectFiles } from './files.ts';
import { compile } from './types.ts';

const sourceCondition = '@kindred/source';

/** Fields that serve the workspace alone. */
const workspaceFields = ['workspaces', 'scripts', 'devDependencies', 'allowScripts'];

/** What a package carries besides `files`, where its folder (or else the root) has it. */
const documents = ['README.md', 'LICENSE'];

export interface Staged {
  readonly name: string;
  /** Where it stands in the workspace: `.` or `packages/NAME`. */
  readonly source: string;
  /** Where it stands ready to be packed. */
  readonly folder: string;
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly private?: boolean;
  readonly files: readonly string[];
  readonly publishConfig?: { readonly bin?: unknown };
}

/** Stages every public package below `target`, a folder inside of `root`; the core comes first. */
export async function stage(root: string, target: string): Promise<Staged[]> {
  rmSync(target, { recursive: true, force: true });
  const staged: Staged[] = [];
  for (const source of ['.', ...projectFiles(root, 'packages/*/package.json').map(dirname)]) {
    const manifest: Manifest = JSON.parse(readFileSync(join(root, source, 'package.json'), 'utf8'));
    if (manifest.private) continue;
    // Under this name a package finds, while it is built, the ones that were built before it.
    const folder = join(target, 'node_modules', manifest.name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), `${JSON.stringify(published(manifest), undefined, 2)}\n`);
    for (const file of [...manifest.files, ...documents]) copy(root, source, folder, file);
    await build(root, source, folder, manifest);
    staged.push({ name: manifest.name, source, folder });
  }
  return staged;
}

/** The manifest without what only the workspace reads. */
function published(manifest: Manifest): object {
  const { bin, ...publishConfig } = manifest.publishConfig ?? {};
  const entries = Object.entries({ ...manifest, publishConfig, ...(bin === undefined ? {} : { bin }) });
  return withoutSource(
    Object.fromEntries(entries.filter(([field]) => !workspaceFields.includes(field))),
  ) as object;
}

function withoutSource(value: unknown): unknown {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== sourceCondition);
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutSource(inner)]));
}

function copy(root: string, source: string, folder: string, file: string): void {
  if (file === 'dist') return;
  const from = [join(root, source, file), ...(file === 'LICENSE' ? [join(root, file)] : [])].find(existsSync);
  if (from !== undefined) cpSync(from, join(folder, file), { recursive: true });
}

/**
 * Programs of the core that it starts by their path: beside the file from which that is done, in the sources and in
 * what is published, where that file may have become part of another one.
 */
const programs = {
  'host-main': 'src/endpoint/host-main.ts',
  'core-main': 'src/endpoint/core-main.ts',
  'handles/direct-helper': 'src/handles/direct-helper.ts',
  'supervisor/agent/host-service': 'src/supervisor/agent/host-service.ts',
  'supervisor/keeper-main': 'src/supervisor/keeper/keeper-main.ts',
  'supervisor/brain-main': 'src/supervisor/brain/brain-main.ts',
  'supervisor/logger-main': 'src/supervisor/logger/logger-main.ts',
  'supervisor/router-main': 'src/supervisor/routes/router-main.ts',
};

/**
 * What is loaded into somebody else's process before its own program. Each is one file: a dozen shared ones cost every
 * service 15 ms of its start. What they share while they run they find by symbols of the whole process.
 */
const preloads = {
  'shared/parent-watch': 'src/process/parent-watch.ts',
  'shared/parent-watch-thread': 'src/process/parent-watch-thread.ts',
  'shared/side-thread-main': 'src/process/side-thread-main.ts',
  'supervisor/agent/preload': 'src/supervisor/agent/preload.ts',
  'supervisor/agent/pulse-thread': 'src/supervisor/agent/pulse-thread.ts',
  'supervisor/agent/side-thread-main': 'src/process/side-thread-main.ts',
};

/** Compiles a copy of the sources, so that the source maps name them as the packed files see them. */
async function build(root: string, source: string, folder: string, manifest: Manifest): Promise<void> {
  const at = (name: string) => join(folder, name);
  const own = join(root, source, source === '.' ? 'tsconfig.build.json' : 'tsconfig.json');
  const libraries = join(root, source, 'node_modules');

  cpSync(join(root, source, 'src'), at('src'), {
    recursive: true,
    filter: (file) => !file.endsWith('.test.ts'),
  });
  if (source !== '.' && existsSync(libraries)) symlinkSync(libraries, at('node_modules'), 'junction');
  const config = {
    extends: relative(folder, own),
    compilerOptions: { rootDir: 'src', outDir: 'dist', emitDeclarationOnly: source === '.' },
    include: ['src'],
  };
  writeFileSync(at('tsconfig.json'), JSON.stringify(config));

  const problems = await compile(root, ['-p', folder]);
  if (source === '.') await bundle(folder, manifest);
  for (const name of ['src', 'tsconfig.json', 'node_modules'])
    rmSync(at(name), { recursive: true, force: true });
  if (problems.length > 0) throw new Error(`${source} does not build:\n${problems.join('\n')}`);
}

/**
 * The core's modules in few files, because to load a hundred costs a program 40 ms. Names, layout and comments stay as
 * they are.
 */
async function bundle(folder: string, manifest: Manifest): Promise<void> {
  const entries = Object.values(manifest.exports).flatMap((target) => {
    const file = typeof target === 'string' ? undefined : target[sourceCondition];
    return file === undefined ? [] : [[file.replace(/^\.\/src\/|\.ts$/g, ''), file]];
  });
  const input = { ...Object.fromEntries(entries), ...programs };
  await write(folder, input);
  for (const [name, file] of Object.entries(preloads)) await write(folder, { [name]: file });
  checkPrograms(folder);
}

async function write(folder: string, input: Record<string, string>): Promise<void> {
  const bundled = await rolldown({ cwd: folder, input, platform: 'node', external: /^node:/ });
  await bundled.write({ dir: 'dist', format: 'esm', sourcemap: true, chunkFileNames: 'shared/[name].js' });
  await bundled.close();
}

/** A program that is missing shows only where somebody starts it. */
function checkPrograms(folder: string): void {
  for (const file of globSync('dist/**/*.js', { cwd: folder })) {
    const text = readFileSync(join(folder, file), 'utf8');
    for (const [, program = ''] of text.matchAll(/\? "\.\/[\w-]+\.ts" : "(\.\/[\w-]+\.js)"/g))
      if (!existsSync(join(folder, dirname(file), program)))
        throw new Error(`${file} starts ${program}, which is not beside it: see programs in tools/stage.ts`);
  }
}
