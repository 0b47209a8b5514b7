/**
 * The door of a listener that asks for a secret: who proves that he knows it comes through as a transport; the others are
 * told no, always in the same words, and are closed.
 *
 * ```
 *   connection --shut: too many proofs have failed from there--> closed at once
 *       |
 *     asked --proved--> let in
 *       \---anything else, handshakeMs, close()--> told no --closed, or lingerMs--> gone
 * ```
 */
import { type Clock, systemClock } from '../base/clock.ts';
import type { ByteTransport } from '../channel/transport.ts';
import type { Identity } from '../rpc/identity.ts';
import { FailedProofs } from '../transports/failed-proofs.ts';
import type { NamedSecret } from '../transports/proof.ts';
import { AskForProof, type NoProof, notAuthenticated } from '../transports/prove-secret.ts';
import type { Limits } from '../wire/limits.ts';
import { identityOf } from './identity-of.ts';
import { events } from './runtime.ts';
import { turnAway } from './turn-away.ts';

/** How long a connection that was told no may take to hear of it, in milliseconds. */
const lingerMs = 1000;

export class Door {
  readonly #address: string;
  readonly #secrets: readonly NamedSecret[];
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #letIn: (transport: ByteTransport, identity: Identity | undefined) => void;
  readonly #failed: FailedProofs;
  /** Those that are asked, or were told no and are still there. The listener bounds their number. */
  readonly #asked = new Map<ByteTransport, AskForProof>();
  #isClosed = false;
  #isReferenced = true;

  constructor(
    address: string,
    secrets: readonly NamedSecret[],
    limits: Limits,
    letIn: (transport: ByteTransport, identity: Identity | undefined) => void,
    clock: Clock = systemClock,
  ) {
    this.#address = address;
    this.#secrets = secrets;
    this.#limits = limits;
    this.#clock = clock;
    this.#letIn = letIn;
    this.#failed = new FailedProofs({ max: limits.maxFailedProofs, clock });
  }

  /** Whether connections from there are heard at all. */
  admits(from: string): boolean {
    if (!this.#failed.isShut(from)) return true;
    this.#tell(from, 'shut');
    return false;
  }

  async ask(transport: ByteTransport, from: string): Promise<void> {
    if (this.#isClosed) return transport.destroy();
    if (!this.#isReferenced) transport.unref();
    const { handshakeMs } = this.#limits;
    const since = this.#clock.now();
    const asking = new AskForProof(transport, this.#secrets, { handshakeMs, clock: this.#clock });
    this.#asked.set(transport, asking);
    const verdict = await asking.verdict;
    if (verdict.kind === 'proved' && !this.#isClosed) {
      this.#asked.delete(transport);
      this.#letIn(verdict.transport, identityOf(transport, verdict.name));
      return;
    }
    if (verdict.kind === 'refused') {
      this.#onRefused(from, verdict.why, this.#clock.now() - since);
      if (verdict.stranger !== undefined) turnAway(verdict.stranger, this.#limits, notAuthenticated());
    }
    if (this.#isClosed) return transport.destroy();
    const timer = this.#clock.after(lingerMs, () => {
      this.#asked.delete(transport);
      transport.destroy();
    });
    timer.unref();
  }

  close(): void {
    this.#isClosed = true;
    for (const [transport, asking] of this.#asked) {
      asking.close();
      transport.destroy();
    }
    this.#asked.clear();
  }

  ref(): void {
    this.#isReferenced = true;
    for (const transport of this.#asked.keys()) transport.ref();
  }

  unref(): void {
    this.#isReferenced = false;
    for (const transport of this.#asked.keys()) transport.unref();
  }

  #onRefused(from: string, why: NoProof, heldMs: number): void {
    // Who only knocks (a probe whether the port is open) has tried nothing; who stays without a word has held a place.
    if (why === 'said nothing' && heldMs < lingerMs) return;
    // The listener closes: nobody has failed.
    if (why === 'closed') return;
    this.#failed.add(from);
    this.#tell(from, why);
  }

  #tell(from: string, why: NoProof | 'shut'): void {
    events.publish('kindred:caller.refused', () => ({ address: this.#address, from, why }));
  }
}
