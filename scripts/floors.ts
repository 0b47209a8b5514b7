// npm run test:floors [-- VERSION...] [--stories]   the tests of what is published, on other versions of Node.js
//   VERSION     exact (22.18.0) or the newest of a line (26); default: the oldest supported, and the
//               newest of each supported line but the workspace's own
//   --stories   the stories of several processes too
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Outside of node_modules, which `npm ci` empties. */
const cache = join(root, '.cache', 'nodes');
const { values: options, positionals: asked } = parseArgs({
  options: { stories: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const tests = [
  'src/',
  'test/packed/',
  'test/programs/examples',
  ...(options.stories ? ['test/stories/'] : []),
];

for (const version of (asked.length > 0 ? asked : ['22.18.0', '22', '26']).map(newest)) {
  console.log(`\n— Node.js ${version}`);
  const bin = join(install(version), 'node_modules', 'node', 'bin');
  const { status } = spawnSync(join(bin, 'node'), ['scripts/test.ts', ...tests], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
  });
  if (status !== 0) {
    console.error(`the tests fail on Node.js ${version}; they were not run on those that follow`);
    process.exitCode = 1;
    break;
  }
}

/** `22` -> the newest published 22.x.y; an exact version is its own answer. */
function newest(version: string): string {
  if (/^\d+\.\d+\.\d+$/.test(version)) return version;
  const answer: string | string[] = JSON.parse(npm('view', `node@${version}`, 'version', '--json'));
  const found = [answer]
    .flat()
    .sort(new Intl.Collator('en', { numeric: true }).compare)
    .at(-1);
  if (found === undefined) throw new Error(`the registry has no Node.js ${version}`);
  return found;
}

/** The folder that holds this version, from the registry's `node` package. */
function install(version: string): string {
  const folder = join(cache, version);
  if (existsSync(join(folder, 'node_modules', 'node', 'bin', 'node'))) return folder;
  mkdirSync(folder, { recursive: true });
  const manifest = { private: true, dependencies: { node: version }, allowScripts: { node: true } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  npm('install', '--prefix', folder, '--no-package-lock');
  return folder;
}

function npm(...args: string[]): string {
  const { status, stdout, error } = spawnSync('npm', [...args, '--loglevel=error'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed`, { cause: error });
  return stdout;
}
