/** Starts a program of `test/programs` on the sources, and leaves none behind: whatever a failed test forgot is killed. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

export interface Program {
  readonly child: ChildProcess;
  readonly pid: number;
  /** The next line of stdout; rejects where the program ends first. */
  line(): Promise<string>;
  /** Its exit code or signal. */
  readonly exited: Promise<number | NodeJS.Signals>;
  kill(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>;
}

export interface ProgramOptions {
  env?: NodeJS.ProcessEnv;
  stdio?: ('pipe' | 'ipc' | 'inherit' | 'ignore')[];
  serialization?: 'json' | 'advanced';
  /** False: stdout is left to the test. Default true. */
  lines?: boolean;
}

const started = new Set<ChildProcess>();

export function startProgram(
  program: URL,
  args: readonly string[] = [],
  options: ProgramOptions = {},
): Program {
  const {
    stdio = ['pipe', 'pipe', 'inherit'],
    env = process.env,
    serialization,
    lines: byLine = true,
  } = options;
  const child = spawn(process.execPath, ['--conditions=@kindred/source', fileURLToPath(program), ...args], {
    stdio,
    env,
    ...(serialization === undefined ? {} : { serialization }),
  });
  started.add(child);
  const exited = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      started.delete(child);
      resolve(code ?? (signal as NodeJS.Signals));
    });
  });
  const lines: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  if (child.stdout !== null && byLine)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const waiter = waiting.shift();
      if (waiter === undefined) lines.push(line);
      else waiter(line);
    });
  return {
    child,
    pid: child.pid as number,
    exited,
    line() {
      const line = lines.shift();
      if (line !== undefined) return Promise.resolve(line);
      const next = new Promise<string>((resolve) => waiting.push(resolve));
      const ended = exited.then((how): never => {
        throw new Error(`the program ended with ${how} before it said another line`);
      });
      return Promise.race([next, ended]);
    },
    kill(signal = 'SIGKILL') {
      child.kill(signal);
      return exited;
    },
  };
}

after(() => {
  const left = [...started];
  for (const child of left) child.kill('SIGKILL');
  assert.deepEqual(
    left.map((child) => child.spawnargs),
    [],
    'every program that a test started has ended',
  );
});
