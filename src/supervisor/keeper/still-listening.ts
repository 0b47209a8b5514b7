/** Why an address of the stack is in use: one of its own processes may have it from before. */
import { KindredError } from '../../base/errors.ts';
import type { KeptProcess } from './kept-process.ts';

/** Where the address is in use by one of its own, which was started with a listener that this keeper has not, or no more. */
export function stillListening(error: unknown, name: string, processes: Iterable<KeptProcess>): unknown {
  if (!(error instanceof KindredError) || error.code !== 'ERR_ADDRESS_IN_USE') return error;
  for (const { entry } of processes) {
    const { spec, identity, ended } = entry;
    if (ended !== undefined || !spec.listeners.includes(name)) continue;
    return new KindredError(
      'ERR_ADDRESS_IN_USE',
      `${error.message}: ${spec.id} (process ${identity.pid}) has it from before, end that one first`,
      { cause: error, data: { id: spec.id, pid: identity.pid } },
    );
  }
  return error;
}
