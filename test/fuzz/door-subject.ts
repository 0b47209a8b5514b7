/** The two ends that prove a secret to each other, over a transport whose other end knows none. */
import { AskForProof, proveSecret, type Verdict } from '../../src/transports/prove-secret.ts';
import type { Random } from '../stories/fixtures/random.ts';
import { BenchBytes } from './bench.ts';
import { createFuzzClock } from './peer-subject.ts';
import { checkThrown, comesTrue, Finding, type Subject, settle } from './subject.ts';

const secret = new TextEncoder().encode('nobody out there knows it');
const handshakeMs = 5000;

/** A listener that asks for a proof. */
export function openAsking(random: Random): Subject {
  const clock = createFuzzClock();
  const transport = new BenchBytes(false);
  const asking = new AskForProof(transport, [{ name: 'ours', bytes: secret }], { handshakeMs, clock });
  let verdict: Verdict | undefined;
  void asking.verdict.then((told) => {
    verdict = told;
  });
  return subjectOf(transport, random, {
    late: () => clock.advance(handshakeMs),
    isOver: () => verdict !== undefined,
    check() {
      if (verdict?.kind === 'proved') throw new Finding('a proof was taken that nobody can make');
    },
  });
}

/** A dialer that asks its listener for the same. */
export function openProving(random: Random): Subject {
  const clock = createFuzzClock();
  const transport = new BenchBytes(false);
  let end: { thrown?: unknown } | undefined;
  proveSecret(transport, secret, { address: 'the bench', handshakeMs, clock }).then(
    () => {
      end = {};
    },
    (thrown: unknown) => {
      end = { thrown };
    },
  );
  return subjectOf(transport, random, {
    late: () => clock.advance(handshakeMs),
    isOver: () => end !== undefined,
    check() {
      if (end?.thrown === undefined) throw new Finding('a proof was taken that nobody can make');
      checkThrown(end.thrown, 'the dialer');
    },
  });
}

interface Proof {
  /** The time for it passes. */
  late(): Promise<void>;
  isOver(): boolean;
  check(): void;
}

function subjectOf(transport: BenchBytes, random: Random, { late, isOver, check }: Proof): Subject {
  return {
    get alive() {
      return !isOver() && !transport.isClosed && !transport.wroteEnd;
    },
    feed: (input) => transport.feed(input, random),
    async finish() {
      await settle();
      if (random.int(2) === 0) transport.endInput();
      else await late();
      if (!(await comesTrue(isOver))) throw new Finding('the proof is neither taken nor refused');
      check();
      transport.cut();
    },
  };
}
