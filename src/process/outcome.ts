/** How a child ended, with what it wrote: a value, whatever the exit code is. */
import { KindredError } from '../base/errors.ts';

/** How a child ended: one of the two is null. */
export interface Exit {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

/** What ended a child early, for its outcome. */
export interface Life {
  readonly startedMs: number;
  timedOut: boolean;
  cancelled: boolean;
}

export interface ChildFacts<Output extends string | Uint8Array> extends Exit {
  /** What was started. */
  name: string;
  pid: number;
  /** What was kept of it; empty where it was not piped. */
  stdout: Output;
  stderr: Output;
  /** Both, in the order in which they arrived. */
  all: Output;
  /** From the start to the exit. */
  durationMs: number;
  /** It was ended because `timeout` had run out. */
  timedOut: boolean;
  /** It was ended because `signal` had fired. */
  cancelled: boolean;
  /** It was ended because it wrote more than `maxBuffer` bytes to stdout, or to stderr. */
  truncated: boolean;
}

export class ChildOutcome<Output extends string | Uint8Array = string> implements ChildFacts<Output> {
  readonly name: string;
  readonly pid: number;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly all: Output;
  readonly durationMs: number;
  readonly timedOut: boolean;
  readonly cancelled: boolean;
  readonly truncated: boolean;

  constructor(facts: ChildFacts<Output>) {
    this.name = facts.name;
    this.pid = facts.pid;
    this.exitCode = facts.exitCode;
    this.signal = facts.signal;
    this.stdout = facts.stdout;
    this.stderr = facts.stderr;
    this.all = facts.all;
    this.durationMs = facts.durationMs;
    this.timedOut = facts.timedOut;
    this.cancelled = facts.cancelled;
    this.truncated = facts.truncated;
  }

  /** It ended by itself, with exit code 0. */
  get ok(): boolean {
    return this.exitCode === 0 && !this.timedOut && !this.cancelled && !this.truncated;
  }

  /**
   * The outcome itself where it is `ok`. Throws `ERR_CHILD_FAILED`, or, where it did not end by itself, `ERR_TIMEOUT`,
   * `ERR_CANCELLED` or `ERR_LIMIT`: with the command, how it ended and the end of stderr; `data` is the outcome.
   */
  orThrow(): this {
    if (this.ok) return this;
    const [code, how] = this.timedOut
      ? (['ERR_TIMEOUT', 'was ended because its timeout had run out'] as const)
      : this.cancelled
        ? (['ERR_CANCELLED', 'was ended because its signal had fired'] as const)
        : this.truncated
          ? (['ERR_LIMIT', 'was ended because it wrote more than maxBuffer'] as const)
          : (['ERR_CHILD_FAILED', howEnded(this)] as const);
    const said = endOf(this.stderr);
    throw new KindredError(code, `${this.name} ${how}${said === '' ? '' : `:\n${said}`}`, {
      outcome: 'executed',
      data: this,
    });
  }
}

export function howEnded({ exitCode, signal }: Exit): string {
  // The child of another: only that it has gone can be seen.
  if (exitCode === null && signal === null) return 'has ended, and nobody saw how';
  return signal === null ? `ended with exit code ${exitCode}` : `was ended by ${signal}`;
}

/** Bytes of stderr that an error shows. */
const shownBytes = 2048;

function endOf(output: string | Uint8Array): string {
  const end = output.slice(-shownBytes);
  return (typeof end === 'string' ? end : Buffer.from(end).toString('utf8')).trim();
}
