/** Which function a message means: one of the service, one that every service answers, or one that was lent. */
import { KindredError } from '../base/errors.ts';
import { createDescription, type Description, type DescriptionOptions } from './description.ts';
import type { Ledger } from './loans.ts';
import { CallRefusal } from './refusal.ts';
import type { Method } from './service.ts';

export interface LookupOptions {
  /** Undefined: not known yet. */
  methods: ReadonlyMap<string, Method> | undefined;
  /** What `methods` say of themselves. Default: made from them and `describing`. */
  description: Description | undefined;
  describing: DescriptionOptions;
}

export class Lookup {
  methods: ReadonlyMap<string, Method> | undefined;
  #description: Description | undefined;
  readonly #describing: DescriptionOptions;
  readonly #ledger: Ledger;

  /** `ledger`: what was lent. */
  constructor({ methods, description, describing }: LookupOptions, ledger: Ledger) {
    this.methods = methods;
    this.#description = description;
    this.#describing = describing;
    this.#ledger = ledger;
  }

  /** By its name, or by its number where it was lent. Throws a `CallRefusal` where there is none. */
  find(method: string | number): Method {
    if (typeof method === 'number') {
      const run = this.#ledger.find(method);
      if (run === undefined)
        throw new CallRefusal(
          new KindredError('ERR_RELEASED', 'the function was lent to a call that has ended'),
        );
      return { name: 'a function argument', run, owner: noOwner, parameters: undefined };
    }
    const methods = this.methods ?? nothing;
    const found = methods.get(method) ?? this.#ownMethod(method, methods);
    if (found === undefined) throw new CallRefusal(unknownMethod(method, methods));
    return found;
  }

  /** What every service answers. */
  #ownMethod(name: string, methods: ReadonlyMap<string, Method>): Method | undefined {
    if (name !== 'rpc.discover' && name !== 'rpc.contract') return undefined;
    this.#description ??= createDescription(methods, this.#describing);
    const description = this.#description;
    const run = name === 'rpc.discover' ? () => description.document() : () => description.contract.hash;
    return { name, run, owner: noOwner, parameters: [] };
  }
}

/** Of an end that offers no function. */
export const nothing: ReadonlyMap<string, Method> = new Map();
const noOwner: object = Object.freeze({});

function unknownMethod(method: string, methods: ReadonlyMap<string, Method>): KindredError {
  const known = [...methods.keys()];
  const near = known.find((name) => name.toLowerCase() === method.toLowerCase());
  const hint =
    near === undefined
      ? known.length === 0
        ? 'it offers none'
        : `it offers ${known.slice(0, 8).join(', ')}${known.length > 8 ? ', ...' : ''}`
      : `did you mean ${near}?`;
  return new KindredError(
    'ERR_METHOD_NOT_FOUND',
    `the service has no function ${JSON.stringify(method.slice(0, 200))}: ${hint}`,
  );
}
