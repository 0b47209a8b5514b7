/** The listeners that the keeper holds open, by name. */
import { KindredError } from '../../base/errors.ts';
import type { KeptListener, ListenerEntry } from './keeper.ts';
import { type LentDescriptor, type OpenListener, openListener } from './listeners.ts';
import type { InTurn } from './turns.ts';

export interface OpenListeners {
  /** The one that is open, or a new one. `check` throws where nothing may be opened any more. */
  open(spec: KeptListener, check: () => void): Promise<ListenerEntry>;
  close(name: string): Promise<void>;
  closeAll(): Promise<void>;
  entries(): ListenerEntry[];
  /** Paths of Unix domain sockets that were made here. */
  sockets(): string[];
  /** Their descriptors for a process of this id. Throws `ERR_BAD_ARGUMENT` where one is not open. */
  lend(names: readonly string[], id: string): Promise<Map<string, LentDescriptor>>;
}

/** `handed`: descriptors of sockets that listen already and are somebody else's, by the names of listeners. */
export function createOpenListeners(
  inTurn: InTurn,
  handed: Readonly<Record<string, number>> = {},
): OpenListeners {
  const listeners = new Map<string, OpenListener>();
  const close = (name: string): Promise<void> =>
    inTurn(`listener ${name}`, async () => {
      const open = listeners.get(name);
      listeners.delete(name);
      await open?.close();
    });
  const find = (name: string, id: string): OpenListener => {
    const listener = listeners.get(name);
    if (listener === undefined) throw bad(`${id} cannot be started: there is no open listener ${name}`);
    return listener;
  };
  return {
    open: (spec, check) =>
      inTurn(`listener ${spec.name}`, async () => {
        const before = listeners.get(spec.name);
        if (before !== undefined) return sameAs(before, spec);
        const opened = await openListener(spec, handed);
        try {
          check();
        } catch (error) {
          await opened.close();
          throw error;
        }
        listeners.set(spec.name, opened);
        return opened.entry;
      }),
    close,
    async closeAll() {
      await Promise.allSettled([...listeners.keys()].map(close));
    },
    entries: () => [...listeners.values()].map(({ entry }) => entry),
    sockets: () =>
      [...listeners.values()].flatMap(({ entry: { name, address } }) =>
        address.startsWith('unix:') && !Object.hasOwn(handed, name) ? [address.slice('unix:'.length)] : [],
      ),
    async lend(names, id) {
      const open = names.map((name) => find(name, id));
      const lent = await Promise.allSettled(open.map((listener) => listener.lend()));
      const failed = lent.find((one) => one.status === 'rejected');
      const given = lent.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      if (failed === undefined) return new Map(names.map((name, n) => [name, given[n] as LentDescriptor]));
      for (const { release } of given) release();
      throw failed.reason;
    },
  };
}

function sameAs({ entry }: OpenListener, spec: KeptListener): ListenerEntry {
  if (entry.address === spec.address && (entry.reusePort ?? false) === (spec.reusePort ?? false))
    return entry;
  throw bad(`listener ${spec.name} is open at ${entry.address} already: close it first`);
}

function bad(message: string): KindredError {
  return new KindredError('ERR_BAD_ARGUMENT', message);
}
