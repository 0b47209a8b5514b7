/**
 * The connections of one server that may outlive their sockets: what comes in is heard until it is known whether it is
 * somebody new or somebody who comes back.
 *
 * ```
 *   accepted --first line: hello { resume: { session, received } }--> goes on in the session, or is told that there is none
 *       \----any other first bytes--> somebody new; his hello may agree on a session
 *
 *   session   carried --socket lost--> lost --comes back--> carried
 *                 \                      \--window over, too many--> closed
 *                  \--closed by either end--> closed
 * ```
 * Whoever knows the session, a secret of 128 bits, comes back into it, through the same door as before, as the same.
 */
import { type Clock, systemClock, type Timer } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import { Line } from '../channel/line.ts';
import { type Keeper, Resumable } from '../channel/resumable.ts';
import {
  hearFirstLine,
  helloLine,
  type Offer,
  type Return,
  readHelloLine,
  readReturn,
} from '../channel/resume-words.ts';
import type { ByteTransport } from '../channel/transport.ts';
import { helloOf } from '../rpc/channel-peer.ts';
import type { Identity } from '../rpc/identity.ts';
import { isSame, randomBytes } from '../transports/cryptography.ts';
import { nodeText } from '../transports/node-text.ts';
import type { Limits } from '../wire/limits.ts';
import { resumeEvents } from './resume-events.ts';

/** What the lost ones keep together, as a multiple of what one may keep; beyond, the oldest is given up. */
const lostShare = 4;
const nameBytes = 8;
const secretBytes = 16;

export class Sessions {
  readonly #limits: Limits;
  readonly #clock: Clock;
  /** Those whose first words have not come, and what lets them in without. */
  readonly #atTheDoor = new Map<Line, () => void>();
  readonly #open = new Set<Session>();
  readonly #byName = new Map<string, Session>();
  /** In the order in which they were lost. */
  readonly #lost = new Set<Session>();
  #shut = false;

  constructor(limits: Limits, clock: Clock = systemClock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Hears what has connected. `admit`: it is somebody new, over this transport. */
  enter(
    transport: ByteTransport,
    identity: Identity | undefined,
    admit: (transport: ByteTransport) => void,
  ): void {
    const who = JSON.stringify(identity);
    const line = new Line(transport);
    const stop = hearFirstLine(line, (first) => {
      this.#atTheDoor.delete(line);
      const back = first === undefined ? undefined : readReturn(readHelloLine(first, nodeText)?.['resume']);
      if (back !== undefined) {
        this.#welcome(line, who, back);
        return;
      }
      if (first !== undefined) line.hold(first);
      admit(this.#begin(line, who));
    });
    this.#atTheDoor.set(line, stop);
    this.#makeRoom();
  }

  /** Nobody comes back from now on: whoever is lost is given up, and whoever has said nothing yet is let in. */
  shut(): void {
    this.#shut = true;
    for (const letIn of [...this.#atTheDoor.values()]) letIn();
    for (const session of [...this.#lost]) session.giveUp('the server is closing');
  }

  #begin(line: Line, who: string | undefined): Resumable {
    const { maxBufferedBytes, resumeMs } = this.#limits;
    let session: Session | undefined;
    const transport = new Resumable(
      line,
      (own) => {
        session = new Session(own, who, { windowMs: resumeMs, bytes: maxBufferedBytes }, this.#clock, {
          named: (name, it) => this.#byName.set(name, it),
          lost: (it) => {
            if (this.#shut) return it.giveUp('the server is closing');
            this.#lost.add(it);
            this.#makeRoom();
          },
          over: (name, it) => {
            this.#byName.delete(name);
            this.#lost.delete(it);
          },
          closed: (it) => this.#open.delete(it),
        });
        return session;
      },
      { maxKeptBytes: maxBufferedBytes, text: nodeText, clock: this.#clock },
    );
    this.#open.add(session as unknown as Session);
    return transport;
  }

  #welcome(line: Line, who: string | undefined, { session: said, attempt, received }: Return): void {
    const [name = '', secret = ''] = said.split('.', 2);
    const session = this.#byName.get(name);
    const hello = helloOf(this.#limits);
    if (session?.isOf(who) === true && session.takes(secret, attempt, received)) {
      this.#lost.delete(session);
      session.goOn(line, received, (ours) => helloLine(hello, { received: ours }));
      return;
    }
    line.hear({ data() {}, end: () => line.drop(), drain() {}, close() {} });
    line.transport.write([helloLine(hello, undefined)]);
    line.transport.end();
    // Whoever does not close in turn.
    const timer = this.#clock.after(this.#limits.handshakeMs, () => line.drop());
    timer.unref();
  }

  /** The lost count as connections, and what they keep has a bound too. */
  #makeRoom(): void {
    const { maxConnections, maxBufferedBytes } = this.#limits;
    for (const oldest of [...this.#lost]) {
      let kept = 0;
      for (const { keptBytes } of this.#lost) kept += keptBytes;
      const tooMany = this.#open.size + this.#atTheDoor.size > maxConnections;
      if (!tooMany && kept <= lostShare * maxBufferedBytes) return;
      oldest.giveUp('others needed its place');
    }
  }
}

interface Table {
  named(name: string, session: Session): void;
  lost(session: Session): void;
  over(name: string, session: Session): void;
  closed(session: Session): void;
}

class Session implements Keeper {
  readonly #transport: Resumable;
  /** What its other end has proved to be, as text. */
  readonly #who: string | undefined;
  readonly #offer: Offer;
  readonly #clock: Clock;
  readonly #table: Table;
  #name = '';
  #secret: Buffer | undefined;
  #windowMs: number;
  #attempt = 0;
  #timer: Timer | undefined;
  #lostAt = 0;

  constructor(transport: Resumable, who: string | undefined, offer: Offer, clock: Clock, table: Table) {
    this.#transport = transport;
    this.#who = who;
    this.#offer = offer;
    this.#windowMs = offer.windowMs;
    this.#clock = clock;
    this.#table = table;
  }

  get keptBytes(): number {
    return this.#transport.keptBytes;
  }

  /** Made when it is first asked for: a stranger costs no secret. */
  offer(): Offer {
    if (this.#secret === undefined) {
      this.#secret = randomBytes(secretBytes);
      this.#name = randomBytes(nameBytes).toString('hex');
      this.#table.named(this.#name, this);
    }
    return { ...this.#offer, session: `${this.#name}.${this.#secret.toString('hex')}` };
  }

  agrees({ windowMs }: Offer): boolean {
    this.#windowMs = Math.min(this.#windowMs, windowMs);
    return this.#windowMs > 0;
  }

  lost(): void {
    this.#lostAt = this.#clock.now();
    resumeEvents(this.#transport.name, 'accepted').lost(this.#windowMs);
    this.#timer = this.#clock.after(this.#windowMs, () =>
      this.giveUp(`nobody came back within resumeMs (${this.#windowMs})`),
    );
    this.#timer.unref();
    this.#table.lost(this);
  }

  over(): void {
    this.#timer?.cancel();
    this.#table.over(this.#name, this);
  }

  closed(): void {
    this.#table.closed(this);
  }

  /** Whoever comes back has to prove what he proved the first time. */
  isOf(who: string | undefined): boolean {
    return who === this.#who;
  }

  /** Whether this is the other end, come back in good order. */
  takes(secret: string, attempt: number, received: number): boolean {
    if (!isSame(Buffer.from(secret, 'hex'), this.#secret as Buffer)) return false;
    if (attempt <= this.#attempt || !this.#transport.canGoOnFrom(received)) return false;
    this.#attempt = attempt;
    return true;
  }

  goOn(line: Line, theirs: number, answer: (ours: number) => string): void {
    const wasLost = this.#transport.lost;
    this.#timer?.cancel();
    // What the old line still holds is not counted: it comes again.
    line.transport.write([answer(this.#transport.received)]);
    this.#transport.goOn(line, theirs);
    if (wasLost) resumeEvents(this.#transport.name, 'accepted').resumed(this.#clock.now() - this.#lostAt);
  }

  giveUp(why: string): void {
    const message = `the connection (${this.#transport.name}) was lost, and ${why}`;
    this.#transport.giveUp(new KindredError('ERR_PEER_GONE', message));
  }
}
