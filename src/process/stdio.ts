/**
 * The descriptors that a child starts with: all of Node's forms, and files by their path. What cannot be a descriptor is
 * refused before anything has started.
 */
import type { ChildProcess, IOType, StdioOptions } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Server } from 'node:net';
import type { Duplex, Readable, Stream, Writable } from 'node:stream';
import { KindredError } from '../base/errors.ts';

/** A file that is opened for the child alone. */
export interface StdioFile {
  path: string | URL;
  /** As for `fs.open`. Default: `r` for stdin, `a` (append) for all others. */
  flags?: string | undefined;
  /** Of a file that is made. Default 0o666, less the umask. */
  mode?: number | undefined;
}

/** One descriptor. `null` and `undefined`: `pipe` up to 2, `ignore` above. */
export type StdioForm = IOType | 'ipc' | StdioFile | Stream | number | null | undefined;

/** A pipe for a channel: of Windows one that does not block. */
export const pipe: 'pipe' | 'overlapped' = process.platform === 'win32' ? 'overlapped' : 'pipe';

export type Stdio = IOType | readonly StdioForm[];

type Piped = 'pipe' | 'overlapped';
type At<S extends Stdio, First, Second, Third, N extends 0 | 1 | 2> = S extends readonly unknown[]
  ? number extends S['length']
    ? StdioForm
    : [First, Second, Third][N]
  : S;
type First<S> = S extends readonly [infer F, ...unknown[]] ? F : undefined;
type Second<S> = S extends readonly [unknown, infer F, ...unknown[]] ? F : undefined;
type Third<S> = S extends readonly [unknown, unknown, infer F, ...unknown[]] ? F : undefined;
type FormAt<S extends Stdio, N extends 0 | 1 | 2> = At<S, First<S>, Second<S>, Third<S>, N>;

/** The stream of this process's end of it; null where there is none. */
type End<Form, Pipes, There> = [Form] extends [Pipes]
  ? There
  : [Form] extends [Exclude<StdioForm, Pipes>]
    ? null
    : There | null;

export type StdinOf<S extends Stdio> = End<FormAt<S, 0>, Piped | null | undefined, Writable>;
export type StdoutOf<S extends Stdio> = End<FormAt<S, 1>, Piped | null | undefined, Readable>;
export type StderrOf<S extends Stdio> = End<FormAt<S, 2>, Piped | null | undefined, Readable>;

/** `child.stdio`, each by its form; at least as long as Node's own type has it. */
export type StdioOf<S extends Stdio> = [Stdio] extends [S]
  ? ChildProcess['stdio']
  : S extends readonly unknown[]
    ? AtLeastFive<{
        -readonly [N in keyof S]: N extends '0'
          ? StdinOf<S>
          : N extends '1'
            ? StdoutOf<S>
            : N extends '2'
              ? StderrOf<S>
              : End<S[N], Piped, Duplex>;
      }>
    : AtLeastFive<[StdinOf<S>, StdoutOf<S>, StderrOf<S>]>;

type AtLeastFive<T> = T extends readonly unknown[]
  ? number extends T['length']
    ? ChildProcess['stdio']
    : T extends readonly [unknown, unknown, unknown, unknown, unknown, ...unknown[]]
      ? T
      : AtLeastFive<[...T, undefined]>
  : never;

export interface StdioPlan {
  stdio: Extract<StdioOptions, unknown[]>;
  /** Closes this process's own copies of the files that were opened for the child. */
  close(): void;
}

/** Throws `ERR_BAD_ARGUMENT` for what cannot be a descriptor, and where a file cannot be opened. Nothing is left open then. */
export function planStdio(given: Stdio): StdioPlan {
  const forms: readonly StdioForm[] = typeof given === 'string' ? [given, given, given] : given;
  const opened: number[] = [];
  const close = (): void => {
    for (const fd of opened.splice(0)) closeSync(fd);
  };
  try {
    // Those that need nothing are looked at before anything is opened.
    forms.forEach(check);
    const stdio = forms.map((form, n) => {
      if (!isFile(form)) return form;
      const fd = open(form, n);
      opened.push(fd);
      return fd;
    });
    return { stdio: stdio as StdioPlan['stdio'], close };
  } catch (error) {
    close();
    throw error;
  }
}

const words: readonly unknown[] = ['pipe', 'overlapped', 'ignore', 'inherit', 'ipc', null, undefined];

function check(form: StdioForm, n: number): void {
  if (words.includes(form) || isFile(form)) return;
  if (typeof form === 'number') {
    if (Number.isInteger(form) && form >= 0) return;
    throw wrong(n, `is ${form}: a descriptor is a whole number, 0 or more`);
  }
  if (form instanceof Server)
    throw wrong(n, 'is a server: hand it over with kindred/handles, or pass the number of its descriptor');
  if (typeof form !== 'object')
    throw wrong(
      n,
      `is ${JSON.stringify(form)}: it is pipe, overlapped, ignore, inherit, ipc, a stream, a descriptor or a file`,
    );
  const { fd, _handle } = form as { fd?: unknown; _handle?: unknown };
  if (typeof fd === 'number' || (typeof _handle === 'object' && _handle !== null)) return;
  throw wrong(
    n,
    fd === null
      ? "is a file stream that is not open yet: wait for its 'open' event, or give { path }"
      : 'is a stream without a descriptor of the system: pipe it in this process instead',
  );
}

function isFile(form: unknown): form is StdioFile {
  if (typeof form !== 'object' || form === null) return false;
  // A stream of a file has a path, too.
  const { path, pipe } = form as { path?: unknown; pipe?: unknown };
  return (typeof path === 'string' || path instanceof URL) && pipe === undefined;
}

function open({ path, flags, mode }: StdioFile, n: number): number {
  try {
    return openSync(path, flags ?? (n === 0 ? 'r' : 'a'), mode);
  } catch (cause) {
    throw wrong(n, `is the file ${String(path)}, which cannot be opened: ${(cause as Error).message}`, cause);
  }
}

function wrong(n: number, fault: string, cause?: unknown): KindredError {
  return new KindredError('ERR_BAD_ARGUMENT', `stdio[${n}] ${fault}`, {
    outcome: 'not-sent',
    ...(cause === undefined ? {} : { cause }),
  });
}
