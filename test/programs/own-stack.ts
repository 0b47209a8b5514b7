// A stack of a test's own, brought up by the command: a config that the test writes, and what is left of it in the end.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { type Ran, type Started, useKindredCommand } from './kindred-command.ts';

export interface OwnStack {
  /** Where its config is. */
  readonly folder: string;
  /** Writes the config of the stack `mine`. */
  write(services: Readonly<Record<string, object>>): void;
  /** Runs a verb about it to its end. */
  run(...words: string[]): Promise<Ran>;
  start(words: readonly string[], env?: NodeJS.ProcessEnv): Started;
  /** Files of the runtime directory, and processes of the stack, that are there still. */
  leftovers(): string[];
}

/** Each command starts five processes of Node.js, and more. */
const deadlineMs = 120_000;

/** For a test file. */
export function useOwnStack(): OwnStack {
  const command = useKindredCommand({ deadlineMs });
  const folder = mkdtempSync(join(tmpdir(), 'kindred-up-'));
  const runtime = join(folder, 'run');
  mkdirSync(runtime, { mode: 0o700 });
  const config = join(folder, 'kindred.config.json');
  const own = { KINDRED_RUNTIME_DIR: runtime, XDG_STATE_HOME: join(folder, 'state') };
  after(() => rmSync(folder, { recursive: true, force: true }));

  const isOurs = (pid: string): boolean => {
    try {
      const isZombie = /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
      return !isZombie && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder);
    } catch {
      return false;
    }
  };
  return {
    folder,
    write: (services) => writeFileSync(config, JSON.stringify({ name: 'mine', services })),
    run: (...words) => command.run([...words, '--config', config], { env: own }),
    start: (words, env = {}) => command.start([...words, '--config', config], { env: { ...own, ...env } }),
    leftovers() {
      const files = readdirSync(runtime).filter((name) => name !== '.secret');
      const pids =
        process.platform === 'linux' ? readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)) : [];
      return [...files, ...pids.filter(isOurs)];
    },
  };
}

/** A service that says something, and waits. */
export function talker(text: string): object {
  return { run: ['/bin/sh', '-c', `echo ${text}; exec sleep 1000`] };
}
