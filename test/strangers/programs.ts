/** The programs of this folder, which `npm run test:system` installs packages for. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { spawn } from 'kindred/process';
import { within } from '../stories/fixtures/deadline.ts';

export const program = (name: string): string =>
  fileURLToPath(new URL(`./programs/${name}`, import.meta.url));

assert.ok(
  existsSync(fileURLToPath(new URL('./node_modules', import.meta.url))),
  'the packages of test/strangers are not installed: `npm run test:system -- strangers` does it',
);

/** Runs a program to its end; what it has written last is a line of JSON. */
export async function reportOf(name: string, ...args: string[]): Promise<unknown> {
  const child = spawn(process.execPath, [program(name), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [{ stdout, exitCode, signal }] = await Promise.all([
    within(`the end of ${name}`, child.outcome()).catch((error: unknown) => {
      child.kill('SIGKILL');
      throw error;
    }),
    child.exited,
  ]);
  assert.deepEqual({ exitCode, signal }, { exitCode: 0, signal: null });
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
}

export interface Listening {
  /** The first line that it has written. */
  readonly line: string;
  stop(): Promise<void>;
}

/** Starts a server that writes a line once it listens, and ends when its stdin does. */
export async function startServer(name: string, ...args: string[]): Promise<Listening> {
  const child = spawn(process.execPath, [program(name), ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = child.lines();
  const first = await within(`the first line of ${name}`, lines.next());
  assert.ok(first.done !== true, `${name} ended before it listened`);
  return {
    line: first.value,
    async stop() {
      child.stdin.end();
      assert.deepEqual(await within(`the end of ${name}`, child.exited), { exitCode: 0, signal: null });
    },
  };
}
