/** One notification to many peers. */
import { createFace, type Notifier } from '../rpc/client.ts';
import type { Peer } from '../rpc/peer.ts';

type Notify = Record<string, (...args: unknown[]) => Promise<void>>;

/** Each of its functions resolves when it is written to all that are still there. */
export function notifierOf<Remote>(peers: ReadonlySet<Peer<Remote>>): Notifier<Remote> {
  const tell = async (peer: Peer<Remote>, method: string, args: unknown[]): Promise<void> => {
    try {
      await (peer.with({}).notify as unknown as Notify)[method]?.(...args);
    } catch (error) {
      // Who is gone by now needs no telling; anything else is the caller's to know.
      if (peer.state !== 'closed') throw error;
    }
  };
  return createFace((method, args) =>
    Promise.all([...peers].map((peer) => tell(peer, method, args))).then(() => undefined),
  ) as Notifier<Remote>;
}
