/** A place of its own for a program under test: whatever it leaves behind can be told apart from everybody else's. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface PrivatePlace {
  /** The environment for the program: temporary files and local names go to this place. */
  env: NodeJS.ProcessEnv;
  /** Where local names live. */
  runtime: string;
  /** Processes that still run with this environment (on Linux), and files in the place. */
  leftovers(): string[];
  remove(): void;
}

/** What a user keeps in the runtime directory for good: it is made at the first use. */
const kept = new Set(['.secret']);

export function createPrivatePlace(): PrivatePlace {
  const folder = mkdtempSync(join(tmpdir(), 'kindred-test-'));
  const runtime = join(folder, 'run');
  const temporary = join(folder, 'tmp');
  mkdirSync(runtime, { mode: 0o700 });
  mkdirSync(temporary);
  return {
    // Python would leave what it has compiled beside its sources.
    env: {
      ...process.env,
      TMPDIR: temporary,
      KINDRED_RUNTIME_DIR: runtime,
      PYTHONDONTWRITEBYTECODE: '1',
    },
    runtime,
    leftovers: () => [
      ...processesOf(runtime),
      ...readdirSync(runtime).filter((name) => !kept.has(name)),
      ...readdirSync(temporary),
    ],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Processes whose environment names the folder. */
function processesOf(folder: string): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').flatMap((pid) => {
    try {
      if (!/^\d+$/.test(pid) || !readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder)) return [];
      return [`process ${pid}: ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`];
    } catch {
      return [];
    }
  });
}
