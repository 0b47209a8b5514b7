/** Marks calls that may run twice, so that whoever answers knows a repeat again. */
import { repeatKey } from '../rpc/answer-record.ts';
import type { JoinedOptions } from '../rpc/call-options.ts';
import { randomBytes } from '../transports/cryptography.ts';

export class CallKeys {
  readonly #idempotent: ReadonlySet<string>;
  /** Nobody else can guess it: who knows a key is told the answer. */
  #own: string | undefined;
  #last = 0;

  /** `idempotent`: functions of which every call may run twice. */
  constructor(idempotent: ReadonlySet<string>) {
    this.#idempotent = idempotent;
  }

  /** The options with a key, where the call may run twice; a key of its caller stays. `kindred`: the other end is known to be one. */
  mark(method: string, options: JoinedOptions, kindred: boolean): JoinedOptions {
    const isNamed = this.#idempotent.size > 0 && this.#idempotent.has(method);
    if (options.idempotent !== true && !isNamed) return options;
    // A plain peer takes what is said beside named arguments for one of them.
    if (options.params === 'named' && !kindred) return { ...options, idempotent: true };
    this.#own ??= randomBytes(16).toString('base64url');
    const key = options.meta?.[repeatKey] ?? `${this.#own}.${++this.#last}`;
    return { ...options, idempotent: true, meta: { ...options.meta, [repeatKey]: key } };
  }
}
