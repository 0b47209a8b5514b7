/** The face of a peer: `call`, `notify`, and `with` for the same with more options. */
import { type JoinedOptions, join } from './call-options.ts';
import { type Client, createFace, type Notifier } from './client.ts';
import { type Calling, callingThrough } from './middleware/middleware.ts';
import type { Caller, CallOptions } from './peer.ts';

export class JoinedCaller implements Caller<unknown> {
  readonly #options: JoinedOptions;
  /** Without middleware. */
  readonly #direct: Calling;
  readonly #calling: Calling;
  #call: object | undefined;
  #notify: object | undefined;

  constructor(options: JoinedOptions, calling: Calling) {
    this.#options = options;
    this.#direct = calling;
    const { middleware } = options;
    const isBare = middleware === undefined || middleware.length === 0;
    this.#calling = isBare ? calling : callingThrough(middleware, calling);
  }

  get call(): Client<unknown> {
    this.#call ??= createFace((method, args) => this.#calling.call(method, args, this.#options));
    return this.#call as Client<unknown>;
  }

  get notify(): Notifier<unknown> {
    this.#notify ??= createFace((method, args) => this.#calling.notify(method, args, this.#options));
    return this.#notify as Notifier<unknown>;
  }

  with(more: CallOptions): Caller<unknown> {
    return new JoinedCaller(join(this.#options, more), this.#direct);
  }
}
