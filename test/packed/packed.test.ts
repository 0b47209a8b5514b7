// What a user gets: every package is packed, all are installed together into an empty folder, and
// used from there by plain Node.js. KINDRED_PACKED_NODE names another Node.js to do that with.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { type Staged, stage } from '../../tools/stage.ts';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '');
const stagingArea = join(root, '.staged', `packed-test-${process.pid}`);
const user = mkdtempSync(join(tmpdir(), 'kindred-packed-'));
const node = process.env.KINDRED_PACKED_NODE ?? process.execPath;

interface Packed extends Staged {
  readonly tarball: string;
  readonly files: readonly string[];
  readonly manifest: {
    readonly version: string;
    readonly exports: Record<string, unknown>;
    readonly bin?: Record<string, string>;
  };
}

const countingModule =
  'export async function* count(to: number): AsyncGenerator<number> { for (let n = 1; n <= to; n++) yield n; }\n';

let packages: Packed[] = [];
let subpaths: string[] = [];

before(async () => {
  const staged = await stage(root, stagingArea);
  mkdirSync(join(user, 'tarballs'));
  packages = staged.map(pack);
  subpaths = packages.flatMap(({ name, manifest }) =>
    Object.keys(manifest.exports).map((subpath) => `${name}${subpath.slice(1)}`),
  );
  writeFileSync(join(user, 'package.json'), '{ "name": "user", "private": true }\n');
  const tarballs = packages.map(({ tarball }) => tarball);
  succeed('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...tarballs], { cwd: user });
});

after(() => {
  rmSync(user, { recursive: true, force: true });
  rmSync(stagingArea, { recursive: true, force: true });
});

test('every subpath loads by import', () => {
  const script = modules().map((subpath, i) => `import * as m${i} from ${JSON.stringify(subpath)};`);
  const output = runAsUser('load.mjs', [...script, 'console.log(Object.keys(m0).length > 0)'].join('\n'));
  assert.equal(output, 'true');
});

test('every subpath loads by require, and is the same module', () => {
  const script = modules().map((subpath) => {
    const name = JSON.stringify(subpath);
    return `const r = require(${name}); import(${name}).then((i) => {
      for (const key of Object.keys(i)) if (i[key] !== r[key]) throw new Error(${name} + ': two copies of ' + key);
    });`;
  });
  const output = runAsUser(
    'load.cjs',
    `${script.map((line) => `{ ${line} }`).join('\n')}\nconsole.log('loaded')`,
  );
  assert.equal(output, 'loaded');
});

test('every manifest can be read by its subpath', () => {
  const names = packages.map(({ name }) => name);
  const output = runAsUser(
    'read.cjs',
    names.map((name) => `console.log(require('${name}/package.json').name)`).join('\n'),
  );
  assert.deepEqual(output.split('\n'), names);
});

test('a manifest holds nothing of the workspace', () => {
  for (const { name, folder } of packages) {
    const text = readFileSync(join(folder, 'package.json'), 'utf8');
    for (const word of [
      '@kindred/source',
      'from-source',
      'workspaces',
      'devDependencies',
      'scripts',
      'file:',
      'src/',
    ]) {
      assert.ok(!text.includes(word), `the manifest of ${name} says '${word}'`);
    }
  }
});

test('a tarball holds JavaScript, declarations, source maps and documents, no tests and no sources', () => {
  for (const { name, folder, files, manifest } of packages) {
    const strange = files.filter(
      (file) => !/^(dist\/.*(?<!\.test)\.(js|d\.ts|js\.map)|package\.json|[A-Z]+(\.md)?)$/.test(file),
    );
    assert.deepEqual(strange, [], name);
    assert.ok(files.includes('LICENSE'), `${name} carries its licence`);
    // The bundler's own piece has no source.
    const code = files.filter((file) => file.endsWith('.js') && !file.endsWith('/rolldown-runtime.js'));
    assert.ok(code.length > 0, `${name} carries code`);
    for (const file of code) {
      const onlyPassesOn = /^(\s|(import|export) \{[^}]*\} from .*;)*$/.test(
        readFileSync(join(folder, file), 'utf8'),
      );
      assert.ok(onlyPassesOn || files.includes(`${file}.map`), `${name}/${file} has a source map`);
    }
    for (const target of Object.values(manifest.exports))
      for (const file of typeof target === 'string' ? [target] : Object.values(target as object))
        assert.ok(files.includes(String(file).slice(2)), `${name} carries ${file}`);
  }
});

test('source maps name no path of the building machine', () => {
  for (const { folder, files } of packages) {
    for (const file of files.filter((each) => each.endsWith('.map'))) {
      const { sources, sourcesContent } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
      for (const source of sources) assert.match(source, /^(\.\.\/)+src\/[\w/.-]+\.ts$/, file);
      assert.equal(sourcesContent.length, sources.length, file);
    }
  }
});

test('a socket is passed directly to a stranger', { skip: process.platform !== 'linux' }, () => {
  const script = `
    import { canPassDirectly } from 'kindred/handles';
    console.log(await canPassDirectly());`;
  assert.equal(runAsUser('direct.mjs', script), 'true');
});

test('a module is hosted in every place', () => {
  writeFileSync(join(user, 'maths.mjs'), 'export const add = (a, b) => a + b;\n');
  const script = `
    import { host } from 'kindred';
    for (const place of ['process', 'thread', 'here']) {
      const maths = await host(new URL('./maths.mjs', import.meta.url), { in: place });
      console.log(place, await maths.call.add(1, 2));
      await maths.close();
    }`;
  assert.equal(runAsUser('host.mjs', script), 'process 3\nthread 3\nhere 3');
});

test('a module runs on every core', () => {
  const script = `
    import { cores } from 'kindred';
    const maths = await cores(new URL('./maths.mjs', import.meta.url), { count: 2 });
    for (const core of maths.peers) console.log(await core.call.add(1, 2));
    await maths.close();`;
  assert.equal(runAsUser('cores.mjs', script), '3\n3');
});

test('a pool runs a module in every place, from an ES module and by require', () => {
  writeFileSync(
    join(user, 'tasks.mjs'),
    'export const add = (a, b) => a + b;\nexport default (n) => 2 * n;\n',
  );
  writeFileSync(
    join(user, 'tasks.cjs'),
    'module.exports = (n) => 2 * n;\nmodule.exports.add = (a, b) => a + b;\n',
  );
  const use = `
    async function use(pool, url, places) {
      for (const place of places) {
        const workers = await pool(url, { in: place, size: 2 });
        const sums = await Promise.all([1, 2, 3].map((n) => workers.call.add(n, n)));
        console.log(place, ...sums, await workers.call.default(21), workers.status.succeeded);
        await workers.close();
      }
    }`;
  const script = `
    import { pool } from 'kindred';
    ${use}
    await use(pool, new URL('./tasks.mjs', import.meta.url), ['process', 'thread', 'here']);`;
  assert.equal(runAsUser('pool.mjs', script), 'process 2 4 6 42 4\nthread 2 4 6 42 4\nhere 2 4 6 42 4');
  const required = `
    const { pathToFileURL } = require('node:url');
    const { pool } = require('kindred');
    ${use}
    use(pool, pathToFileURL(require.resolve('./tasks.cjs')), ['process', 'thread']);`;
  assert.equal(runAsUser('pool.cjs', required), 'process 2 4 6 42 4\nthread 2 4 6 42 4');
});

test('a pool runs a module of TypeScript, as it is', () => {
  writeFileSync(join(user, 'count.mts'), countingModule);
  // What Node.js 22 says of its types.
  const quiet = '--disable-warning=ExperimentalWarning';
  const script = `
    import { pool } from 'kindred';
    const workers = await pool(new URL('./count.mts', import.meta.url), { size: 1, execArgv: ['${quiet}'] });
    for await (const n of workers.call.count(3)) console.log(n);
    await workers.close();`;
  assert.equal(runAsUser('count.mjs', script), '1\n2\n3');
});

test('the command runs', () => {
  for (const { manifest } of packages) {
    for (const command of Object.keys(manifest.bin ?? {})) {
      const output = succeed(join(user, 'node_modules/.bin', command), ['--version'], { cwd: user });
      assert.equal(output, manifest.version);
    }
  }
});

test('the declarations compile in a strict program, library checks included', () => {
  writeFileSync(
    join(user, 'user.mts'),
    modules()
      .map((subpath, i) => `export * as m${i} from '${subpath}';`)
      .join('\n'),
  );
  writeFileSync(join(user, 'count.mts'), countingModule);
  writeFileSync(
    join(user, 'pool-user.mts'),
    `import { type Pool, pool } from 'kindred';
    type Counting = typeof import('./count.mts');
    const workers: Pool<Counting> = await pool<Counting>(new URL('./count.mts', import.meta.url));
    for await (const n of workers.call.count(3)) n.toFixed();
    // @ts-expect-error no such function
    workers.call.countdown(3);`,
  );
  writeFileSync(
    join(user, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        module: 'nodenext',
        target: 'es2024',
        lib: ['es2024', 'esnext.disposable'],
        types: ['node'],
        typeRoots: [join(root, 'node_modules/@types')],
        strict: true,
        allowImportingTsExtensions: true,
        skipLibCheck: false,
        noEmit: true,
      },
      include: ['user.mts', 'pool-user.mts'],
    }),
  );
  succeed(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', user], { cwd: root });
});

test('publint finds nothing to complain about', async () => {
  for (const { tarball } of packages) {
    const { messages, pkg } = await publint({ pack: { tarball: bytes(tarball) }, strict: true });
    assert.deepEqual(
      messages.map((message) => formatMessage(message, pkg, { color: false })),
      [],
      tarball,
    );
  }
});

test('the types are right for every way in which Node.js 22 resolves', async () => {
  for (const { name, tarball, manifest } of packages) {
    if (Object.keys(manifest.exports).every(isData)) continue;
    const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(bytes(tarball))));
    assert.ok(analysis.types, `${name} has types`);
    const problems = analysis.problems.filter(
      (problem) =>
        // Node.js 22 can require() an ES module, so that a CommonJS user gets one is no fault ...
        problem.kind !== 'CJSResolvesToESM' &&
        // ... and subpaths are unknown only to a Node.js that we do not support.
        !('resolutionKind' in problem && problem.resolutionKind === 'node10'),
    );
    assert.deepEqual(problems, [], name);
  }
});

function bytes(file: string): ArrayBuffer {
  return new Uint8Array(readFileSync(file)).buffer;
}

function isData(subpath: string): boolean {
  return subpath.endsWith('.json');
}

/** The subpaths that hold code. */
function modules(): string[] {
  return subpaths.filter((subpath) => !isData(subpath));
}

function pack(staged: Staged): Packed {
  const [report] = JSON.parse(
    succeed('npm', ['pack', '--json', '--pack-destination', join(user, 'tarballs')], { cwd: staged.folder }),
  );
  return {
    ...staged,
    tarball: join(user, 'tarballs', report.filename),
    files: report.files.map(({ path }: { path: string }) => path),
    manifest: JSON.parse(readFileSync(join(staged.folder, 'package.json'), 'utf8')),
  };
}

/** Runs a program in the user's folder; it must end well and have nothing to say on stderr. */
function runAsUser(file: string, program: string): string {
  writeFileSync(join(user, file), program);
  return succeed(node, [file], { cwd: user });
}

function succeed(command: string, args: readonly string[], { cwd }: { cwd: string }): string {
  const { NODE_OPTIONS: _workspaceOnly, NODE_TEST_CONTEXT: _ours, ...env } = process.env;
  const path = [dirname(node), env.PATH].join(delimiter);
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    env: { ...env, PATH: path },
    encoding: 'utf8',
  });
  const said = `${command} ${args.join(' ')}\n${stdout}\n${stderr}`;
  assert.ifError(error);
  assert.equal(status, 0, said);
  if (cwd === user) assert.equal(stderr, '', said);
  return stdout.trim();
}
