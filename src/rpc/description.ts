/**
 * What a service says of itself, made once for all peers that share its table.
 *
 * ```
 *   not made --prepare(): a few functions at a time, between other work--> made
 *       \_______________ somebody asks: all that is left __________________/
 * ```
 * It takes some milliseconds where there are many functions or schemas, so that no call waits for it but one that asks.
 */
import { type Contract, contractOf, joinedContract } from './contract.ts';
import { describe, type OpenRpc, type Remark } from './discover.ts';
import { schemasOf } from './middleware/checked.ts';
import type { MethodSchemas } from './middleware/schemas.ts';
import { firstOf, schemasAround } from './middleware/validation.ts';
import type { Middleware } from './peer.ts';
import type { Method } from './service.ts';

/** What the sources say of functions, of which all names are given; it reads the sources when it is called. Never rejects. */
export type Remarks = (methods: readonly string[]) => Promise<(method: string) => Remark | undefined>;

export interface DescriptionOptions {
  /** What stands around the functions: some of it has schemas. */
  middleware?: readonly Middleware[] | undefined;
  remarks?: Remarks | undefined;
}

export interface Description {
  /** The answer to `rpc.discover`. */
  document(): Promise<OpenRpc>;
  /** Without words for people: nothing is read for it. */
  readonly contract: Contract;
  /** Of the contract, where it is made. */
  readonly hash: string | undefined;
  /** Makes the contract in turns that `later` gives; one that cannot be made is an error for whoever asks for it. */
  prepare(later: (work: () => void) => void): void;
}

/** Functions that are looked at in one turn. */
const atOnce = 8;

export function createDescription(
  methods: ReadonlyMap<string, Method>,
  { middleware = [], remarks }: DescriptionOptions = {},
): Description {
  const schemas = (method: Method): MethodSchemas => {
    const all = [schemasAround(middleware, method.name), schemasOf(method.run)];
    return firstOf(all.filter((one) => one !== undefined));
  };
  const names = [...methods.keys()];
  const made: [string, string][] = [];
  let document: Promise<OpenRpc> | undefined;
  let contract: Contract | undefined;
  const make = (most: number): void => {
    for (let i = 0; contract === undefined && i < most; i++) {
      // One for each so far, so that this is the next.
      const name = names[made.length];
      const method = name === undefined ? undefined : methods.get(name);
      if (name === undefined || method === undefined) contract = joinedContract(made);
      else {
        const { methods: one } = contractOf(describe(new Map([[name, method]]), { schemas }));
        made.push([name, one[name] as string]);
      }
    }
  };
  return {
    document() {
      document ??=
        remarks === undefined
          ? Promise.resolve(describe(methods, { schemas }))
          : remarks(names).then((found) => describe(methods, { schemas, remarks: found }));
      return document;
    },
    get contract() {
      make(Number.POSITIVE_INFINITY);
      return contract as Contract;
    },
    get hash() {
      return contract?.hash;
    },
    prepare(later) {
      const go = (): void => {
        try {
          make(atOnce);
        } catch {
          return;
        }
        if (contract === undefined) later(go);
      };
      later(go);
    },
  };
}
