/** The options of `connect` about a contract. Throws `ERR_BAD_ARGUMENT`. */
import type { Terms } from '../rpc/agreement.ts';
import { type Contract, contractOf } from '../rpc/contract.ts';
import type { OpenRpc } from '../rpc/discover.ts';
import { wrong } from './check-options.ts';

export interface ContractOptions {
  /**
   * What this program was built against: the constant that `kindred types` writes, or an OpenRPC document. Where the other
   * end offers it no longer (functions are missing, or take or give something else), that is told. Default: nothing is
   * compared. Functions that are new hurt nobody.
   */
  contract?: Contract | OpenRpc | undefined;
  /**
   * `warn` (default): the event `kindred:contract.differs`; whoever has connected does not wait for it. `error`: `connect`
   * waits, and throws `ERR_CONTRACT`.
   */
  onDifferentContract?: 'warn' | 'error' | undefined;
}

export function termsOf({
  contract: given,
  onDifferentContract = 'warn',
}: ContractOptions): Terms | undefined {
  if (onDifferentContract !== 'warn' && onDifferentContract !== 'error')
    throw wrong(`onDifferentContract is ${JSON.stringify(onDifferentContract)}: there are warn and error`);
  if (given === undefined) return undefined;
  return { contract: isContract(given) ? given : contractOf(given), onDifferentContract };
}

function isContract(given: Contract | OpenRpc): given is Contract {
  const { hash, methods } = (given ?? {}) as Partial<Contract>;
  return (
    typeof hash === 'string' && typeof methods === 'object' && methods !== null && !Array.isArray(methods)
  );
}
