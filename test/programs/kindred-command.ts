// The command `kindred` as a shell starts it, for tests: with a runtime directory of its own, and nothing left running.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

/** What it waits for must come within so many milliseconds, where a test says nothing else. */
const usualDeadlineMs = 30_000;
const program = fileURLToPath(new URL('../../packages/cli/bin/from-source.js', import.meta.url));

export interface Ran {
  /** 128 + number for a signal, as in a shell. */
  code: number;
  stdout: string;
  stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  /** Resolves with the match as soon as the pattern stands in what was written so far. */
  sees(where: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves when it has ended and both streams are read to their end. */
  readonly ended: Promise<Ran>;
  write(text: string): void;
}

export interface KindredCommand {
  /** A folder for sockets and files; gone when the tests are. */
  readonly folder: string;
  start(words: readonly string[], options?: { env?: NodeJS.ProcessEnv; stdin?: 'pipe' | 'ignore' }): Started;
  run(words: readonly string[], options?: { env?: NodeJS.ProcessEnv; input?: string }): Promise<Ran>;
  /** Serves a module of ./served; resolves with where, when it can be called. */
  serve(module: string, at: string, ...words: string[]): Promise<Started & { address: string }>;
  /** Of a module in ./served. */
  served(module: string): string;
}

/** For a test file: everything it starts must have ended when its tests have. */
export function useKindredCommand({
  deadlineMs = usualDeadlineMs,
}: {
  deadlineMs?: number;
} = {}): KindredCommand {
  const folder = mkdtempSync(join(tmpdir(), 'kindred-command-'));
  const running = new Set<Started>();
  const served = (module: string): string => fileURLToPath(new URL(`./served/${module}`, import.meta.url));

  after(async () => {
    const left = [...running];
    for (const { child } of left) child.kill('SIGKILL');
    await Promise.all(left.map(({ ended }) => ended));
    rmSync(folder, { recursive: true, force: true });
    assert.deepEqual(
      left.map(({ child }) => child.spawnargs.slice(2).join(' ')),
      [],
      'processes that the tests have left running',
    );
  });

  const start: KindredCommand['start'] = (words, { env, stdin = 'pipe' } = {}) => {
    const { NODE_TEST_CONTEXT: _ours, ...inherited } = process.env;
    const child = spawn(process.execPath, [program, ...words], {
      cwd: folder,
      stdio: [stdin, 'pipe', 'pipe'],
      env: {
        ...inherited,
        KINDRED_RUNTIME_DIR: join(folder, 'runtime'),
        // A test file starts the same program many times.
        NODE_COMPILE_CACHE: join(folder, 'compiled'),
        ...env,
      },
    });
    const started = follow(child, deadlineMs);
    running.add(started);
    void started.ended.then(() => running.delete(started));
    return started;
  };
  return {
    folder,
    start,
    served,
    async run(words, { env, input } = {}) {
      const started = start(words, env === undefined ? {} : { env });
      started.child.stdin?.end(input ?? '');
      return within(started.ended, deadlineMs, () => `kindred ${words.join(' ')} has not ended`);
    },
    async serve(module, at, ...words) {
      const started = start(['serve', served(module), '--at', at, ...words]);
      const [, address = ''] = await started.sees('stderr', /^serving .* at (\S+), pid \d+$/m);
      return { ...started, address };
    },
  };
}

function follow(child: ChildProcess, deadlineMs: number): Started {
  const said = { stdout: '', stderr: '' };
  let watchers: (() => void)[] = [];
  for (const where of ['stdout', 'stderr'] as const)
    child[where]?.setEncoding('utf8').on('data', (text: string) => {
      said[where] += text;
      for (const look of watchers) look();
    });
  // A command that has ended reads no more: that is no failure of the test.
  child.stdin?.on('error', () => {});
  const ended = new Promise<Ran>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) =>
      resolve({ code: code ?? 128 + (signal === 'SIGINT' ? 2 : signal === 'SIGTERM' ? 15 : 9), ...said }),
    );
  });
  const sees: Started['sees'] = (where, pattern) => {
    let look = (): void => {};
    const seen = new Promise<RegExpExecArray>((resolve, reject) => {
      look = () => {
        const match = pattern.exec(said[where]);
        if (match !== null) resolve(match);
      };
      watchers.push(look);
      void ended.then(
        () =>
          reject(
            new Error(
              `${pattern} never came on ${where}; it ended having said\n${said.stdout}\n${said.stderr}`,
            ),
          ),
        reject,
      );
      look();
    });
    return within(
      seen,
      deadlineMs,
      () => `${pattern} has not come on ${where}, which says\n${said[where]}`,
    ).finally(() => {
      watchers = watchers.filter((watcher) => watcher !== look);
    });
  };
  return { child, sees, ended, write: (text) => void child.stdin?.write(text) };
}

async function within<T>(work: Promise<T>, deadlineMs: number, fault: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${fault()} within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
