/**
 * The life of one call on the side that runs it.
 *
 * ```
 *   running --function settled, streams ended--> over
 *      \------ cancelled (the signal fires) ------/
 * ```
 * Functions and streams that came with the call live as long as its scope; calls made from inside before it
 * is over inherit its remaining time and are cancelled with it.
 */
import type { KindredError } from '../base/errors.ts';
import type { CallId, Meta } from '../wire/message.ts';
import type { Peer } from './peer.ts';

/** What a running function can learn of the call that it answers: `currentCall()`. */
export interface CurrentCall {
  /** Who calls. */
  readonly peer: Peer<unknown>;
  readonly method: string;
  /** Fires when the caller gives up or is gone. */
  readonly signal: AbortSignal;
  /** How long the caller still waits, in milliseconds; undefined where it set no bound. */
  readonly remainingMs: number | undefined;
  /** What travelled beside the arguments: trace context and the like. */
  readonly meta: Readonly<Meta>;
}

/** What a scope needs of the half that runs it. */
export interface ScopeOwner {
  readonly peer: Peer<unknown>;
  freeNow(): number;
  /** The call is over, and all that came with it. */
  scopeOver(scope: Scope): void;
}

const noMeta: Readonly<Meta> = Object.freeze({});

export class Scope implements CurrentCall {
  readonly id: CallId;
  readonly method: string;
  readonly meta: Readonly<Meta>;
  /** Its id is not one by which the caller knows it. */
  readonly isNameless: boolean;
  cancelled: KindredError | undefined;
  over = false;
  /** Its function runs on where the caller is gone: its answer may be asked for again. */
  isKept = false;

  readonly #owner: ScopeOwner;
  #due: number | undefined;
  #givenMs = Number.POSITIVE_INFINITY;
  #controller: AbortController | undefined;
  #holds = 1;
  #onCancel: Set<(reason: KindredError) => void> | undefined;
  #onOver: (() => void)[] | undefined;

  constructor(
    owner: ScopeOwner,
    id: CallId,
    method: string,
    meta: Meta | undefined,
    isNameless: boolean = false,
  ) {
    this.#owner = owner;
    this.id = id;
    this.isNameless = isNameless;
    this.method = method;
    this.meta = meta ?? noMeta;
    const timeoutMs = meta?.timeoutMs;
    // The other end may say anything at all.
    if (typeof timeoutMs === 'number' && Number.isFinite(timeoutMs)) {
      this.#due = owner.freeNow() + timeoutMs;
      this.#givenMs = timeoutMs;
    }
  }

  get peer(): Peer<unknown> {
    return this.#owner.peer;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.cancelled !== undefined) this.#controller.abort(this.cancelled);
    }
    return this.#controller.signal;
  }

  get remainingMs(): number | undefined {
    if (this.#due === undefined) return undefined;
    // Where no time has passed, the difference of two large numbers may be a hair more than was given.
    const left = Math.min(this.#due - this.#owner.freeNow(), this.#givenMs);
    return Math.max(0, left);
  }

  /** It has no more than so much time from now on. */
  shorten(timeoutMs: number): void {
    const due = this.#owner.freeNow() + timeoutMs;
    if (this.#due !== undefined && this.#due <= due) return;
    this.#due = due;
    this.#givenMs = timeoutMs;
  }

  get isOutOfTime(): boolean {
    const { remainingMs } = this;
    // Less than a millisecond is what rounding leaves.
    return remainingMs !== undefined && remainingMs < 1;
  }

  cancel(reason: KindredError): void {
    if (this.cancelled !== undefined || this.over) return;
    this.cancelled = reason;
    this.#controller?.abort(reason);
    for (const run of this.#onCancel ?? []) run(reason);
  }

  /** Runs when the call is cancelled, at once where it was; returns how to take it back. */
  onCancel(run: (reason: KindredError) => void): () => void {
    if (this.cancelled !== undefined) {
      run(this.cancelled);
      return () => {};
    }
    this.#onCancel ??= new Set();
    const listeners = this.#onCancel;
    listeners.add(run);
    return () => listeners.delete(run);
  }

  onOver(run: () => void): void {
    this.#onOver ??= [];
    this.#onOver.push(run);
  }

  /** One more thing (a stream of the result) must end before the call is over. */
  hold(): void {
    this.#holds++;
  }

  release(): void {
    if (--this.#holds > 0 || this.over) return;
    this.over = true;
    if (this.#onOver !== undefined) for (const run of this.#onOver) run();
    this.#owner.scopeOver(this);
  }
}
