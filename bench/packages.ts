/** The packages of the contenders: a workspace of their own, installed when one of them is asked for. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { contenders } from './contenders.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));

export function needsPackages(name: string): boolean {
  return (contenders as Record<string, { packages?: boolean }>)[name]?.packages ?? false;
}

/** Without install scripts: nothing of a contender runs but what its adapter calls. */
export function installPackages(): void {
  if (isInstalled()) return;
  console.error('installing the contenders that bench/package-lock.json names ...');
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (npm.status !== 0)
    throw new Error(`'npm ci' in bench/ failed${npm.error ? `: ${npm.error.message}` : ''}`);
}

/** Whether every package of the lockfile is there in its version (other platforms' excepted). */
function isInstalled(): boolean {
  const installed = packagesOf('node_modules/.package-lock.json');
  const wanted = packagesOf('package-lock.json');
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version,
  );
}

function packagesOf(lockfile: string): Record<string, { version: string; optional?: boolean }> {
  const file = `${folder}${lockfile}`;
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : {};
}
