/**
 * The standard streams of the command, and why it is to stop: results go to stdout and nothing else does; what is for
 * people goes to stderr.
 *
 * ```
 *   running --SIGINT, SIGTERM, nobody reads stdout, stdout fails--> stopping --a second signal--> cut --1 s, or a third--> exit
 * ```
 */
import { styleText } from 'node:util';
import { type ExitCode, exitCodes } from './exit-codes.ts';

/** Why the command stops before it is done. */
export type Stop =
  | { kind: 'signal'; signal: 'SIGINT' | 'SIGTERM' }
  /** Whoever read stdout has gone, like `head` after its last line. */
  | { kind: 'no reader' }
  /** stdout cannot be written, like a file on a full disk. */
  | { kind: 'unwritable'; error: Error };

export type Format = 'bold' | 'dim' | 'inverse' | 'red' | 'yellow' | 'green' | 'cyan' | 'magenta' | 'blue';

/** What can be known of the place that a stream is shown at. */
export interface Screen {
  /** It is a terminal, so that what stands on it can be drawn anew. */
  readonly live: boolean;
  /** Infinite where it is no terminal. */
  readonly columns: number;
  readonly rows: number;
  /** In colour where that is a terminal and NO_COLOR is not set. */
  paint(format: Format, text: string): string;
  readonly stream: NodeJS.WritableStream;
}

export interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  /** Where results go. */
  readonly out: Screen;
  /** Where everything else goes. */
  readonly err: Screen;
  /** One result. Resolves when there is room for the next; rejects when the command is to stop because of stdout. */
  print(line: string): Promise<void>;
  /** For people. */
  tell(line: string): void;
  /** Text for stderr, in colour where that is a terminal and NO_COLOR is not set. */
  paint(format: Format, text: string): string;
  /** Fires when the command is to stop; the reason is a `Stop`. */
  readonly stop: AbortSignal;
  /** Fires at the second signal: whoever asked is impatient. */
  readonly cut: AbortSignal;
  readonly stopped: Stop | undefined;
  /** Resolves when all that was printed is with the operating system. */
  flush(): Promise<void>;
}

/** After the second signal, in milliseconds. */
const lastBreathMs = 1000;

export function openTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  const stop = new AbortController();
  const cut = new AbortController();
  let stopped: Stop | undefined;

  const stopFor = (reason: Stop): void => {
    stopped ??= reason;
    stop.abort(stopped);
  };
  const onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
    const code = signalCodes[signal];
    if (cut.signal.aborted) process.exit(code);
    if (stopped?.kind === 'signal') {
      setTimeout(() => process.exit(code), lastBreathMs).unref();
      cut.abort();
    } else stopFor({ kind: 'signal', signal });
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const onFailure = (error: NodeJS.ErrnoException): void =>
    stopFor(error.code === 'EPIPE' ? { kind: 'no reader' } : { kind: 'unwritable', error });
  stdout.on('error', onFailure);
  // Where even stderr cannot be written there is nobody left to tell.
  stderr.on('error', () => {});

  return {
    stdin,
    out: screenOf(stdout),
    err: screenOf(stderr),
    print: (line) =>
      new Promise((resolve, reject) => {
        stdout.write(`${line}\n`, (error) => {
          if (!error) return resolve();
          onFailure(error);
          reject(error);
        });
      }),
    tell: (line) => void stderr.write(`${line}\n`),
    paint: (format, text) => styleText(format, text, { stream: stderr }),
    stop: stop.signal,
    cut: cut.signal,
    get stopped() {
      return stopped;
    },
    flush: () => Promise.all([written(stdout), written(stderr)]).then(() => undefined),
  };
}

function screenOf(stream: NodeJS.WriteStream): Screen {
  return {
    live: stream.isTTY === true,
    get columns() {
      return stream.isTTY === true ? stream.columns || 80 : Number.POSITIVE_INFINITY;
    },
    get rows() {
      return stream.isTTY === true ? stream.rows || 24 : Number.POSITIVE_INFINITY;
    },
    paint: (format, text) => styleText(format, text, { stream }),
    stream,
  };
}

/** Tells what may not be what was meant. */
export function noteTo({ tell, paint }: Terminal): (text: string) => void {
  return (text) => tell(`${paint('yellow', 'kindred: note:')} ${text}`);
}

const signalCodes = { SIGINT: exitCodes.interrupted, SIGTERM: exitCodes.terminated } as const;

/** What the exit code says of a command that was stopped. A reader that has enough is no failure. */
export function exitCodeOfStop(stop: Stop): ExitCode {
  switch (stop.kind) {
    case 'signal':
      return signalCodes[stop.signal];
    case 'no reader':
      return exitCodes.ok;
    case 'unwritable':
      return exitCodes.failed;
  }
}

function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}
