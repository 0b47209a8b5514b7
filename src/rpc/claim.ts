/**
 * The handles that one message has brought: they are there, and still the other end's until they are claimed.
 *
 * ```
 *   brought --start--> asked --yours--> taken
 *      |                 |-----no-----> lost (`error` says why)
 *      |--refuse--> refused             asked, taken --discard--> closed
 * ```
 */
import type { KindredError } from '../base/errors.ts';
import type { HandlePort } from '../channel/handle-port.ts';

export class Claim {
  readonly #port: HandlePort;
  readonly #ids: number[] = [];
  readonly #handles: object[] = [];
  #state: 'brought' | 'asked' | 'taken' | 'lost' | 'refused' = 'brought';
  #isUnwanted = false;
  /** Why the message cannot be obeyed. */
  error: KindredError | undefined;

  constructor(port: HandlePort) {
    this.#port = port;
  }

  /** For a decoder: what stands for the number. */
  add(id: number): unknown {
    const handle = this.#port.find(id);
    this.#ids.push(id);
    if (handle !== undefined) this.#handles.push(handle);
    return handle;
  }

  /** Whether they were asked for: they may be ours, and nobody else's. */
  get isStarted(): boolean {
    return this.#state === 'asked' || this.#state === 'taken';
  }

  /** Whether it is known what became of it. */
  get isSettled(): boolean {
    return this.#state !== 'brought' && this.#state !== 'asked';
  }

  /** Asks for them, once; `settled` runs when they are ours, or lost. */
  start(settled: () => void): void {
    if (this.#state !== 'brought') return;
    this.#state = 'asked';
    void this.#port.take(this.#ids).then((error) => {
      this.error = error;
      this.#state = error === undefined ? 'taken' : 'lost';
      if (this.#isUnwanted) this.#discard();
      settled();
    });
  }

  /** The message cannot be obeyed, for a reason that has nothing to do with handles: they go back. */
  fail(error: KindredError): void {
    if (this.#state !== 'brought') return;
    this.error = error;
    this.#state = 'refused';
    this.#port.refuse(this.#ids);
  }

  /** Nobody wants them any more: they go back, or are closed where they are ours already. */
  drop(): void {
    if (this.#state === 'brought') {
      this.#state = 'refused';
      this.#port.refuse(this.#ids);
    } else if (this.#state === 'taken') this.#discard();
    else this.#isUnwanted = true;
  }

  #discard(): void {
    if (this.#state !== 'taken') return;
    for (const handle of this.#handles.splice(0)) this.#port.discard(handle);
  }
}
