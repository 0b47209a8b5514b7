/** What middleware remembers among calls: once for all of them, or for each peer. */
import type { MiddlewareCall, OtherEnd } from '../peer.ts';

/** `peer`: each of the other ends has its own. `all`: one for all calls that go through. */
export type Per = 'peer' | 'all';

export function keptPer<T>(per: Per, make: () => T): (call: MiddlewareCall) => T {
  if (per === 'all') {
    const one = make();
    return () => one;
  }
  const each = new WeakMap<OtherEnd, T>();
  return ({ peer }) => {
    let one = each.get(peer);
    if (one === undefined) {
      one = make();
      each.set(peer, one);
    }
    return one;
  };
}
