/**
 * How this process ends in good order: what was begun is put away, what was printed is written, the exit code is kept.
 *
 * ```
 *   idle  --the first handler is registered-->       armed   listens: signals, exceptions, rejections, nothing left to do
 *   armed --the last handler is taken back-->        idle
 *   armed --one of those, shutdown(), run() is through--> ending      (idle, too, for the last two)
 *   ending: the handlers, the last registered first, one after the other; then the output is flushed
 *     --all done-->                                  exit with process.exitCode, in place of 0 with 1 where anything failed
 *     --a second signal, the deadline-->             exit at once with 128 + the number of the signal;
 *                                                    a deadline that no signal has begun: as when all is done, but never 0
 * ```
 */
import { constants } from 'node:os';
import { type Clock, systemClock, type Timer } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import { errorText } from './error-text.ts';
import { exitCodeOfSignal } from './exit-codes.ts';
import { type Flush, flushOutput } from './flush-output.ts';
import { describePid1 } from './pid-1.ts';

/** Why the process ends. `end`: nothing was left to do, `main` of `run` has settled, or `shutdown` was called. */
export type ShutdownReason =
  | { kind: 'signal'; signal: NodeJS.Signals }
  | { kind: 'uncaughtException' | 'unhandledRejection'; error: unknown }
  | { kind: 'end' };

/** What it returns is waited for. */
export type ShutdownHandler = (reason: ShutdownReason) => unknown;

export interface ShutdownHandlerOptions {
  /** What to call it on stderr. Default: the name of the function. */
  name?: string | undefined;
  /** How long it may take before the next handler begins, in milliseconds. Default: as long as the deadline of all leaves. */
  timeoutMs?: number | undefined;
}

export interface ShutdownSettings {
  /** The signals that begin it. Default: SIGTERM, SIGINT and SIGHUP. */
  signals?: readonly NodeJS.Signals[] | undefined;
  /** The deadline of all handlers together, and after a signal or an exception of the flush too, in milliseconds. Default 10,000; Infinity: none. */
  timeoutMs?: number | undefined;
  /** How what was sent and printed gets out at the end; false: it gave up. Default: waits for stdout and stderr, for as long as anything moves. */
  flush?: Flush | undefined;
}

/** What it needs of the process; a test stages another. */
export type OwnProcess = Pick<
  NodeJS.Process,
  'pid' | 'exitCode' | 'on' | 'off' | 'exit' | 'emitWarning' | 'stdout' | 'stderr'
>;

interface Handler {
  run: ShutdownHandler;
  name: string;
  timeoutMs: number | undefined;
}

/**
 * npm hands a Ctrl-C on to its child, to which the terminal has sent it already: the same SIGINT within so many
 * milliseconds is no second one.
 */
const echoMs = 100;

export class Shutdown {
  readonly #process: OwnProcess;
  readonly #clock: Clock;
  readonly #handlers: Handler[] = [];
  #signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];
  #timeoutMs = 10_000;
  #flush: Flush = flushOutput;
  /** Signals that are listened to. */
  #heard: readonly NodeJS.Signals[] = [];
  #hearsFaults = false;
  /** Faults go this way although there may be no handler. */
  #isKept = false;
  #ended: Promise<never> | undefined;
  /** The handler that runs. */
  #running: string | undefined;
  #asked: { signal: NodeJS.Signals; at: number } | undefined;
  #failed = false;
  #toldOfPid1 = false;

  constructor(own: OwnProcess = process, clock: Clock = systemClock) {
    this.#process = own;
    this.#clock = clock;
  }

  /** A signal has begun it. */
  get isAsked(): boolean {
    return this.#asked !== undefined;
  }

  configure({ signals, timeoutMs, flush }: ShutdownSettings): void {
    for (const signal of signals ?? [])
      if (!Object.hasOwn(constants.signals, signal) || signal === 'SIGKILL' || signal === 'SIGSTOP')
        throw new KindredError('ERR_BAD_ARGUMENT', `signals: ${signal} is none that a process can listen to`);
    checkMs(timeoutMs);
    this.#signals = signals === undefined ? this.#signals : [...signals];
    this.#timeoutMs = timeoutMs ?? this.#timeoutMs;
    this.#flush = flush ?? this.#flush;
    this.#listen();
  }

  register(run: ShutdownHandler, { name, timeoutMs }: ShutdownHandlerOptions = {}): () => void {
    checkMs(timeoutMs);
    const handler: Handler = { run, name: name ?? (run.name || 'without a name'), timeoutMs };
    this.#handlers.push(handler);
    this.#listen();
    return () => {
      const at = this.#handlers.indexOf(handler);
      if (at < 0) return;
      this.#handlers.splice(at, 1);
      this.#listen();
    };
  }

  /** Exceptions end the process in good order from now on, also where there is no handler. */
  keep(): void {
    this.#isKept = true;
    this.#listen();
  }

  /** Begins it, unless it has begun. What is returned never resolves: the process ends first. */
  begin(reason: ShutdownReason): Promise<never> {
    if (this.#ended !== undefined) return this.#ended;
    // An output that cannot be written must not be an uncaught exception now, to be written of, and so on without end.
    for (const output of [this.#process.stdout, this.#process.stderr]) output.on('error', () => {});
    this.#ended = Promise.resolve().then(() => this.#end(reason));
    return this.#ended;
  }

  /** A line for stderr. */
  tell(text: string): void {
    try {
      this.#process.stderr.write(`kindred: ${text}\n`);
    } catch {
      // Nobody is left to be told.
    }
  }

  async #end(reason: ShutdownReason): Promise<never> {
    const deadline = this.#clock.after(this.#timeoutMs, () => this.#giveUp());
    for (let next = this.#handlers.pop(); next !== undefined; next = this.#handlers.pop())
      await this.#handle(next, reason);
    this.#running = undefined;
    // A program that is through may print for as long as somebody reads.
    if (reason.kind === 'end') deadline.cancel();
    if (!(await this.#flushed())) this.#failed = true;
    deadline.cancel();
    return this.#process.exit(this.#exitCode());
  }

  async #handle({ run, name, timeoutMs }: Handler, reason: ShutdownReason): Promise<void> {
    this.#running = name;
    let timer: Timer | undefined;
    const late = new Promise<boolean>((resolve) => {
      if (timeoutMs !== undefined) timer = this.#clock.after(timeoutMs, () => resolve(false));
    });
    try {
      const isDone = await Promise.race([Promise.resolve(run(reason)).then(() => true), late]);
      if (isDone) return;
      this.tell(`the shutdown handler ${name} has not finished within ${timeoutMs} ms: the next one begins`);
      this.#failed = true;
    } catch (error) {
      this.tell(`the shutdown handler ${name} failed: ${errorText(error)}`);
      this.#failed = true;
    } finally {
      timer?.cancel();
    }
  }

  async #flushed(): Promise<boolean> {
    try {
      if (await this.#flush()) return true;
      this.tell('some of the output is lost: nobody took it');
    } catch (error) {
      this.tell(`some of the output is lost: ${errorText(error)}`);
    }
    return false;
  }

  #giveUp(): void {
    const who = this.#running === undefined ? 'the output' : `the shutdown handler ${this.#running}`;
    this.tell(`${who} has not finished within ${this.#timeoutMs} ms: the process ends all the same`);
    this.#failed = true;
    this.#process.exit(this.#asked === undefined ? this.#exitCode() : exitCodeOfSignal(this.#asked.signal));
  }

  #exitCode(): number {
    const code = Number(this.#process.exitCode ?? 0);
    return code === 0 && this.#failed ? 1 : code;
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    const at = this.#clock.now();
    if (this.#asked === undefined) {
      this.#asked = { signal, at };
      void this.begin({ kind: 'signal', signal });
    } else if (!(signal === 'SIGINT' && this.#asked.signal === 'SIGINT' && at - this.#asked.at < echoMs)) {
      this.#process.exit(exitCodeOfSignal(signal));
    }
  };

  readonly #onException = (error: unknown): void => this.#onFault('uncaughtException', error);
  readonly #onRejection = (error: unknown): void => this.#onFault('unhandledRejection', error);

  #onFault(kind: 'uncaughtException' | 'unhandledRejection', error: unknown): void {
    this.#failed = true;
    const what = kind === 'uncaughtException' ? 'an uncaught exception' : 'an unhandled rejection';
    void this.begin({ kind, error });
    this.tell(`the process ends over ${what}: ${errorText(error)}`);
  }

  readonly #onIdle = (): void => void this.begin({ kind: 'end' });

  /** Listens to no more than is wanted: a program without handlers keeps what Node.js does by default. */
  #listen(): void {
    // Once it ends, what is heard stays heard.
    if (this.#ended !== undefined) return;
    const own = this.#process;
    const isArmed = this.#handlers.length > 0;
    const signals = isArmed ? this.#signals : [];
    for (const signal of this.#heard) if (!signals.includes(signal)) own.off(signal, this.#onSignal);
    for (const signal of signals) if (!this.#heard.includes(signal)) own.on(signal, this.#onSignal);
    this.#heard = signals;
    if (isArmed) own.off('beforeExit', this.#onIdle).on('beforeExit', this.#onIdle);
    else own.off('beforeExit', this.#onIdle);
    const hearsFaults = isArmed || this.#isKept;
    if (hearsFaults && !this.#hearsFaults)
      own.on('uncaughtException', this.#onException).on('unhandledRejection', this.#onRejection);
    if (!hearsFaults && this.#hearsFaults)
      own.off('uncaughtException', this.#onException).off('unhandledRejection', this.#onRejection);
    this.#hearsFaults = hearsFaults;
    if (isArmed && !this.#toldOfPid1) this.#tellOfPid1();
  }

  #tellOfPid1(): void {
    this.#toldOfPid1 = true;
    const text = describePid1(this.#process.pid);
    if (text !== undefined)
      this.#process.emitWarning(text, { type: 'KindredWarning', code: 'KINDRED_PID_1' });
  }
}

function checkMs(value: number | undefined): void {
  if (value !== undefined && !(typeof value === 'number' && value >= 0))
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      `timeoutMs is ${String(value)}: it takes milliseconds, 0 or more`,
    );
}
