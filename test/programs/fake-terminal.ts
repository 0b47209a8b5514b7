// A terminal that keeps what it is told, for tests of the command in their own process.
import { stripVTControlCharacters } from 'node:util';
import { run } from '../../packages/cli/src/run.ts';
import type { Screen, Terminal } from '../../packages/cli/src/terminal.ts';

export interface Said {
  code: number;
  stdout: string;
  stderr: string;
}

/** Without a terminal behind it, and so without bounds; `part` replaces what a test wants otherwise. */
export function fakeTerminal(part: Partial<Terminal> = {}): { terminal: Terminal; said: Omit<Said, 'code'> } {
  const said = { stdout: '', stderr: '' };
  const terminal: Terminal = {
    stdin: process.stdin,
    out: fakeScreen(),
    err: fakeScreen(),
    print: async (line) => {
      said.stdout += `${line}\n`;
    },
    tell: (line) => {
      said.stderr += `${line}\n`;
    },
    paint: (_format, text) => text,
    stop: new AbortController().signal,
    cut: new AbortController().signal,
    stopped: undefined,
    flush: async () => {},
    ...part,
  };
  return { terminal, said };
}

export function fakeScreen(part: Partial<Screen> = {}): Screen {
  return {
    live: false,
    columns: Number.POSITIVE_INFINITY,
    rows: Number.POSITIVE_INFINITY,
    paint: (_format, text) => text,
    stream: process.stdout,
    ...part,
  };
}

/** Runs the command with these words to its end. */
export async function say(part: Partial<Terminal>, ...words: string[]): Promise<Said> {
  const { terminal, said } = fakeTerminal(part);
  const code = await run(words, terminal);
  return { code, stdout: stripVTControlCharacters(said.stdout), stderr: said.stderr };
}
