/** What a case does with a peer, however it was reached. */
import type { Peer } from 'kindred';
import type { Service, Session } from '../../contender.ts';

export function sessionOf(peer: Peer<Service>, close: () => Promise<unknown> = () => peer.close()): Session {
  const { call, notify } = peer;
  return {
    echo: (value) => call.echo(value) as never,
    notify: (value) => notify.note(value),
    total: () => call.total(),
    bytes: (data) => call.bytes(data),
    large: (size) => call.large(size),
    prepare: (size) => call.prepare(size),
    ping: () => peer.ping(),
    async items(count, take) {
      for await (const item of call.items(count)) take(item);
    },
    async chunks(count, take, fresh = false) {
      for await (const chunk of call.chunks(count, fresh)) {
        const taken = take(chunk);
        if (taken !== undefined) await taken;
      }
    },
    close,
  };
}
