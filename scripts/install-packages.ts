// Packages of a folder with a lockfile of its own, installed when they are needed: the contenders of the benchmark, and
// the strangers that the system tests talk to.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Without install scripts: nothing of a package runs but what is called. */
export function installPackages(folder: string): void {
  if (isInstalled(folder)) return;
  console.error(`installing what ${join(folder, 'package-lock.json')} names ...`);
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (npm.status !== 0)
    throw new Error(`'npm ci' in ${folder} failed${npm.error ? `: ${npm.error.message}` : ''}`);
}

/** Whether every package of the lockfile is there in its version (other platforms' excepted). */
function isInstalled(folder: string): boolean {
  const installed = packagesOf(join(folder, 'node_modules', '.package-lock.json'));
  const wanted = packagesOf(join(folder, 'package-lock.json'));
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version,
  );
}

function packagesOf(file: string): Record<string, { version: string; optional?: boolean }> {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : {};
}
