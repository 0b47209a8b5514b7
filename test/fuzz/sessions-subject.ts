/** A server's connections that may outlive their sockets: strangers who say that they come back, or that they might. */
import { context } from '../../src/endpoint/runtime.ts';
import { Sessions } from '../../src/endpoint/sessions.ts';
import { createPeer } from '../../src/rpc/channel-peer.ts';
import type { Peer } from '../../src/rpc/peer.ts';
import type { Random } from '../stories/fixtures/random.ts';
import { BenchBytes } from './bench.ts';
import { openChannel } from './channel.ts';
import { createFuzzClock, someLimits } from './peer-subject.ts';
import { service } from './service.ts';
import { checkReason, comesTrue, Finding, type Subject, settle } from './subject.ts';

export function openSessions(random: Random): Subject {
  const clock = createFuzzClock();
  const limits = { ...someLimits(random), resumeMs: 1000, handshakeMs: 1000 };
  const sessions = new Sessions(limits, clock);
  const transport = new BenchBytes(false);
  const peers: Peer[] = [];
  sessions.enter(transport, undefined, (own) => {
    const channel = openChannel(own, { mode: 'calls', dialect: 'choose', limits, clock });
    peers.push(createPeer(channel, { service, limits, clock, context }));
  });
  return {
    get alive() {
      return !transport.isClosed && !transport.isPaused && !transport.wroteEnd;
    },
    feed: (input) => transport.feed(input, random),
    async finish() {
      await settle();
      if (random.int(2) === 0) transport.endInput();
      await settle();
      transport.cut();
      await settle();
      // What was lost is given up when its window is over, or the server closes.
      if (random.int(2) === 0) sessions.shut();
      else await clock.advance(limits.resumeMs + limits.handshakeMs);
      const areClosed = (): boolean => peers.every(({ state }) => state === 'closed');
      if (!(await comesTrue(areClosed))) throw new Finding('a lost connection is never given up');
      for (const { closed } of peers) checkReason(await closed);
      const isIdle = ({ load }: Peer): boolean => Object.values(load).every((count) => count === 0);
      if (!(await comesTrue(() => peers.every(isIdle))))
        throw new Finding('calls are left of a lost connection');
    },
  };
}
