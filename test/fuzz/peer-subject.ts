/** A peer over a channel, with a service and with calls of its own under way. */
import type { Clock } from '../../src/base/clock.ts';
import { KindredError } from '../../src/base/errors.ts';
import type { LoopWatch } from '../../src/base/loop-watch.ts';
import type { Channel, CloseReason } from '../../src/channel/channel.ts';
import { context } from '../../src/endpoint/runtime.ts';
import { createPeer } from '../../src/rpc/channel-peer.ts';
import type { Peer } from '../../src/rpc/peer.ts';
import { createTestClock, type TestClock } from '../../src/testkit/clock.ts';
import { defaultLimits, type Limits } from '../../src/wire/limits.ts';
import type { Random } from '../stories/fixtures/random.ts';
import { service } from './service.ts';
import { checkReason, checkThrown, comesTrue, Finding, type Subject, settle } from './subject.ts';

/** Small, so that they are reached. */
const smallLimits: Limits = {
  ...defaultLimits,
  maxMessageBytes: 16 * 1024,
  maxBufferedBytes: 64 * 1024,
  maxDepth: 32,
  maxCalls: 8,
  maxWaitingCalls: 64,
  maxStreams: 4,
};
/** Sometimes larger than a frame, so that messages may come in pieces. */
const largeLimits: Limits = {
  ...smallLimits,
  maxMessageBytes: 1024 * 1024,
  maxBufferedBytes: 1024 * 1024,
  maxDepth: 512,
};

export function someLimits(random: Random): Limits {
  return random.int(16) === 0 ? largeLimits : smallLimits;
}

/** What joins the peer to the test. */
export interface Bench {
  channel: Channel;
  clock: TestClock;
  limits: Limits;
  feed(input: Uint8Array): void;
  /** The peer reads no further for now, or has said its last word. */
  readonly isHeld: boolean;
  /** From now on what the peer says is taken, and kept. */
  listen(): void;
  /** The bytes in which the answer to a probe would be found. */
  readonly written: readonly Buffer[];
  /** What asks for a sign of life, and what tells it; then bytes after which a peer that is still in the middle of something is through. */
  probes(): Iterable<{ ask: Uint8Array; answer: Uint8Array }>;
  /** The other end writes no more; and is gone. */
  endInput(): void;
  cut(error?: Error): void;
}

const freeWatch = (clock: Clock): LoopWatch => ({
  hold: () => () => {},
  freeNow: () => clock.now(),
  takeLongest: () => 0,
  onTick: () => () => {},
});

export function createFuzzClock(): TestClock {
  return createTestClock(1000);
}

export function createPeerSubject(bench: Bench, random: Random): Subject {
  const { channel, clock, limits } = bench;
  let reason: CloseReason | undefined;
  let finding: unknown;
  let open = 0;
  const peer = createPeer<typeof service>(channel, {
    service,
    limits,
    clock,
    context,
    watch: freeWatch(clock),
    heartbeatMs: random.pick([0, 1000]),
  });
  void channel.closed.then((why) => {
    reason = why;
  });
  /** Whatever is answered, a call settles, and rejects with an error of the library. */
  const watch = (call: Promise<unknown>): void => {
    open++;
    call
      .catch((thrown: unknown) => {
        if (!(thrown instanceof KindredError))
          throw new Finding('a call rejected with what is no KindredError', { cause: thrown });
        if (thrown.code === 'ERR_INTERNAL') checkThrown(thrown, 'a call');
      })
      .catch((error: unknown) => {
        finding ??= error;
      })
      .finally(() => open--);
  };
  if (random.int(4) > 0) makeCalls(peer, watch, random);
  const endWith = random.int(5);

  return {
    feed: (input) => bench.feed(input),
    get alive() {
      return channel.state !== 'closed' && reason === undefined && !bench.isHeld;
    },
    async finish() {
      bench.listen();
      await settle();
      const saysLittle = (channel.remote?.maxMessageBytes ?? Number.POSITIVE_INFINITY) < 1000;
      if (!bench.isHeld && !saysLittle && peer.state !== 'closed') await probe(bench);
      await end();
      if (!(await comesTrue(() => reason !== undefined && open === 0)))
        throw new Finding(reason === undefined ? 'the channel never closed' : `${open} calls never settled`);
      if (finding !== undefined) throw finding;
      checkReason(reason as CloseReason);
      const isIdle = (): boolean => Object.values(peer.load).every((count) => count === 0);
      if (!(await comesTrue(isIdle)))
        throw new Finding(`after the end there is left ${JSON.stringify(peer.load)}`);
    },
  };

  async function end(): Promise<void> {
    switch (endWith) {
      case 0:
        bench.endInput();
        break;
      case 1:
        void peer.close();
        break;
      case 2:
        void peer.drain({ timeoutMs: 10 });
        break;
      case 3:
        await clock.advance(limits.handshakeMs + 5000);
        break;
    }
    await settle();
    if (endWith === 1 || endWith === 2) {
      await clock.advance(2000);
      bench.endInput();
    }
    await settle();
    bench.cut(endWith === 4 ? new Error('cut') : undefined);
  }
}

function makeCalls(
  peer: Peer<typeof service>,
  watch: (call: Promise<unknown>) => void,
  random: Random,
): void {
  const read = async (items: AsyncIterable<unknown>, most: number): Promise<void> => {
    for await (const _ of items) if (--most <= 0) break;
  };
  const calls: readonly (() => void)[] = [
    () => watch(peer.call.echo(1)),
    () => watch(peer.call.echo({ a: [1, 'two'] }).then((value) => String(typeof value))),
    () => watch(read(peer.call.count(9), 3)),
    () => watch(read(peer.call.count(9), 1e6)),
    () => watch(peer.with({ timeoutMs: 3000 }).call.never()),
    () => watch(peer.notify.echo(1)),
    () => watch(peer.with({ delivery: 'handled' }).notify.echo(1)),
    () => watch(peer.call.back((n: number) => n + 1)),
    () => watch(peer.call.sum(counting())),
    () => watch(peer.ping()),
  ];
  for (let i = random.int(6); i > 0; i--) random.pick(calls)();
}

async function* counting(): AsyncGenerator<number> {
  for (let i = 0; i < 100; i++) yield i;
}

/** A channel that has not closed answers, or closes once it has what it waits for. */
async function probe(bench: Bench): Promise<void> {
  let asked = false;
  for (const { ask, answer } of bench.probes()) {
    asked = true;
    bench.feed(ask);
    await settle(12);
    if (isOver(bench, answer)) return;
    await settle(30);
    if (isOver(bench, answer)) return;
  }
  if (asked) throw new Finding('a channel that is open answers nothing');
}

function isOver({ channel, isHeld, written }: Bench, answer: Uint8Array): boolean {
  return channel.state === 'closed' || isHeld || Buffer.concat(written).includes(Buffer.from(answer));
}
