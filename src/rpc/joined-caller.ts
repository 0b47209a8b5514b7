/** The face of a peer: `call`, `notify`, and `with` for the same with more options. */
import { type CallOptions, type JoinedOptions, join } from './call-options.ts';
import { type Client, createFace, type Notifier } from './client.ts';
import type { Caller } from './peer.ts';

interface Calling {
  call(method: string, args: readonly unknown[], options: JoinedOptions): unknown;
  notify(method: string, args: readonly unknown[], options: JoinedOptions): unknown;
}

export class JoinedCaller implements Caller<unknown> {
  readonly #options: JoinedOptions;
  readonly #calling: Calling;
  #call: object | undefined;
  #notify: object | undefined;

  constructor(options: JoinedOptions, calling: Calling) {
    this.#options = options;
    this.#calling = calling;
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
    return new JoinedCaller(join(this.#options, more), this.#calling);
  }
}
