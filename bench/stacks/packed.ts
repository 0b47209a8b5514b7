/** The command as a user has it: packed as it is published, and installed into an empty folder. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stage } from '../../tools/stage.ts';

export interface Packed {
  /** The program `kindred`, to be started with Node.js. */
  readonly command: string;
  remove(): void;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

export async function packed(): Promise<Packed> {
  const staged = join(root, '.staged', `bench-stacks-${process.pid}`);
  const folder = mkdtempSync(join(tmpdir(), 'bench-command-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const npm = (args: readonly string[], cwd: string) =>
    execFileSync('npm', [...args, '--loglevel=error'], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    for (const { folder: from } of await stage(root, staged))
      npm(['pack', '--pack-destination', folder], from);
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    const tarballs = readdirSync(folder).filter((file) => file.endsWith('.tgz'));
    npm(['install', '--no-audit', '--no-fund', ...tarballs.map((file) => join(folder, file))], folder);
  } catch (error) {
    remove();
    throw error;
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
  return { command: join(folder, 'node_modules', '@kindred', 'cli', 'dist', 'main.js'), remove };
}
