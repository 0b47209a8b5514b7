/**
 * The end that has dialled dials again where its connection is lost: at once, then ever more seldom, until the window is
 * over or the other end says that it knows nothing of the session.
 *
 * ```
 *   FIN, reset, silence -> dial -> hello { resume: session, received } -> hello { resume: received } -> goes on
 *                           ^ \______________\________________________/  \-> hello without it        -> given up
 *                           '--- fails: pause
 * ```
 */
import { backoffMs } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import type { Hello } from '../wire/message.ts';
import type { Text } from '../wire/text.ts';
import { Line } from './line.ts';
import type { Keeper, Resumable } from './resumable.ts';
import { hearFirstLine, helloLine, type Offer, readHelloLine, readWelcome } from './resume-words.ts';
import type { ByteTransport } from './transport.ts';

/** Opens a connection to the same address, through the same door. */
export type Redial = (signal: AbortSignal) => Promise<ByteTransport>;

export interface DialAgainOptions {
  redial: Redial;
  /** Whether the address was there, and nobody listened at it. */
  isRefusal?: ((error: unknown) => boolean) | undefined;
  /** How long a lost connection is looked for at most, in milliseconds. */
  windowMs: number;
  maxKeptBytes: number;
  /** How long one try may take, in milliseconds. */
  handshakeMs: number;
  hello: Hello;
  text: Text;
  clock: Clock;
  /** From 0 up to 1. */
  random?: (() => number) | undefined;
  /** Hears of each loss and each return. */
  events?: ResumeEvents | undefined;
}

export interface ResumeEvents {
  lost(windowMs: number): void;
  resumed(outageMs: number): void;
}

const backoff = { firstMs: 50, maxMs: 1000 };
/**
 * An address at which nobody listens for so long has lost its server, and with it the session, whatever the window:
 * calls are not kept waiting for what cannot come.
 */
const refusedMs = 1000;

type Verdict = 'resumed' | 'unknown' | 'wrong' | { error: unknown };

export function dialsAgain(transport: Resumable, options: DialAgainOptions): Keeper {
  return new DialAgain(transport, options);
}

class DialAgain implements Keeper {
  readonly #transport: Resumable;
  readonly #options: DialAgainOptions;
  #session = '';
  #windowMs: number;
  #attempt = 0;
  #failures = 0;
  /** How far both ways were at the last loss: one that brought nothing since is a failure. */
  #reached = -1;
  #stop = new AbortController();

  constructor(transport: Resumable, options: DialAgainOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#windowMs = options.windowMs;
  }

  offer(): Offer {
    return { windowMs: this.#options.windowMs, bytes: this.#options.maxKeptBytes };
  }

  agrees({ session, windowMs }: Offer): boolean {
    if (session === undefined) return false;
    this.#session = session;
    this.#windowMs = Math.min(this.#windowMs, windowMs);
    return this.#windowMs > 0;
  }

  lost(): void {
    this.#options.events?.lost(this.#windowMs);
    const reached = this.#transport.progress;
    this.#failures = reached === this.#reached ? this.#failures + 1 : 0;
    this.#reached = reached;
    void this.#comeBack(this.#stop.signal);
  }

  over(): void {
    this.#stop.abort();
  }

  closed(): void {}

  async #comeBack(stopped: AbortSignal): Promise<void> {
    const { clock, isRefusal, events } = this.#options;
    const lostAt = clock.now();
    let refusedAt = Number.POSITIVE_INFINITY;
    for (;;) {
      await this.#pause(lostAt + this.#windowMs - clock.now());
      if (stopped.aborted) return;
      const leftMs = lostAt + this.#windowMs - clock.now();
      if (leftMs <= 0) return this.#giveUp(`it could not be made again within resumeMs (${this.#windowMs})`);
      const verdict = await this.#try(leftMs);
      if (verdict === 'resumed') return events?.resumed(clock.now() - lostAt);
      if (stopped.aborted) return;
      if (verdict === 'unknown') return this.#giveUp('the other end no longer knows of it');
      if (verdict === 'wrong') return this.#giveUp('the other end has lost count of what was sent');
      const { error } = verdict;
      if (error instanceof KindredError && error.code === 'ERR_NOT_REACHABLE' && error.retryable === false)
        return this.#giveUp('it cannot be made again', error);
      refusedAt = isRefusal?.(error) === true ? Math.min(refusedAt, clock.now()) : Number.POSITIVE_INFINITY;
      if (clock.now() - refusedAt >= refusedMs) return this.#giveUp('nobody listens there any more', error);
      this.#failures++;
    }
  }

  #giveUp(why: string, cause?: unknown): void {
    const message = `the connection (${this.#transport.name}) was lost, and ${why}`;
    this.#transport.giveUp(new KindredError('ERR_PEER_GONE', message, { cause }));
  }

  #pause(mostMs: number): Promise<void> {
    const { clock, random = Math.random } = this.#options;
    const ms = Math.min(mostMs, random() * backoffMs(this.#failures, backoff));
    const { signal } = this.#stop;
    if (ms <= 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const over = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', over);
        resolve();
      };
      const timer = clock.after(ms, over);
      // It keeps the process alive where the connection would.
      if (!this.#transport.refd) timer.unref();
      signal.addEventListener('abort', over);
    });
  }

  async #try(leftMs: number): Promise<Verdict> {
    const { redial, clock, handshakeMs } = this.#options;
    const given = new AbortController();
    const giveUp = (): void => given.abort(new Error('it took too long'));
    const timer = clock.after(Math.min(leftMs, handshakeMs), giveUp);
    this.#stop.signal.addEventListener('abort', giveUp, { once: true });
    try {
      const transport = await redial(given.signal);
      if (!this.#transport.refd) transport.unref();
      return await this.#ask(new Line(transport), given.signal);
    } catch (error) {
      return { error };
    } finally {
      timer.cancel();
      this.#stop.signal.removeEventListener('abort', giveUp);
    }
  }

  #ask(line: Line, given: AbortSignal): Promise<Verdict> {
    const { hello, text } = this.#options;
    const session = this.#session;
    return new Promise((resolve) => {
      let isOver = false;
      const over = (verdict: Verdict): void => {
        isOver = true;
        given.removeEventListener('abort', tooLate);
        if (verdict !== 'resumed') line.drop();
        resolve(verdict);
      };
      const tooLate = (): void => over({ error: given.reason });
      if (given.aborted) return tooLate();
      given.addEventListener('abort', tooLate, { once: true });
      hearFirstLine(line, (first) => {
        if (isOver) return;
        const answer = first === undefined ? undefined : readHelloLine(first, text);
        // Full, or no Kindred at all: a moment later it may be another word.
        if (answer === undefined) return over({ error: new Error('no hello came back') });
        const theirs = readWelcome(answer['resume']);
        if (theirs === undefined) return over('unknown');
        if (!this.#transport.canGoOnFrom(theirs)) return over('wrong');
        over('resumed');
        this.#transport.goOn(line, theirs);
      });
      const { received } = this.#transport;
      line.transport.write([helloLine(hello, { session, attempt: ++this.#attempt, received })]);
    });
  }
}
