/**
 * What is known of the other end's health: pings, what they told, and the words of a timeout that follow from it.
 */
import type { Clock, Timer } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import type { LoopWatch } from '../base/loop-watch.ts';
import type { Channel } from '../channel/channel.ts';
import { CallTable } from './call-table.ts';

export interface Pong {
  roundTripMs: number;
  /** How long the event loop of the other end was blocked lately. */
  delayMs: number;
}

interface Ping {
  id: number;
  sentAt: number;
  resolve: (pong: Pong) => void;
  reject: (error: KindredError) => void;
}

/** The other end was busy where it was blocked for at least this share of the time given. */
const busyShare = 1 / 4;
/** A sign of life counts for this share of the time given; it is asked for after half as much silence. */
const freshShare = 1 / 4;
const mostBlockages = 64;

export class Liveness {
  /** Messages heard from the other end so far. */
  heard = 0;
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #watch: LoopWatch;
  readonly #handshakeMs: number;
  /** Asked while nobody knows yet whether the other end is a Kindred. */
  #early: { resolve: () => void; timer: Timer }[] = [];
  #refd = true;
  readonly #pings = new CallTable<Ping>();
  #lastPing = 0;
  /** The last that pongs have told of. */
  readonly #blockages: { ms: number; at: number }[] = [];
  #refusal: KindredError | undefined;
  /** What `heard` was when it was looked at, and when it had changed, in free time: a clock for each message would cost. */
  #seen = 0;
  #heardAt = Number.NEGATIVE_INFINITY;

  constructor(channel: Channel, clock: Clock, watch: LoopWatch, handshakeMs: number) {
    this.#channel = channel;
    this.#clock = clock;
    this.#watch = watch;
    this.#handshakeMs = handshakeMs;
  }

  async ping(): Promise<Pong> {
    if (this.#channel.state === 'greeting' || this.#channel.state === 'choosing') await this.#known();
    return new Promise((resolve, reject) => {
      if (this.#refusal !== undefined) return reject(this.#refusal);
      if (!this.#channel.kindred)
        return reject(new KindredError('ERR_NOT_SUPPORTED', 'only another Kindred answers a ping'));
      const id = ++this.#lastPing;
      this.#pings.add({ id, sentAt: this.#clock.now(), resolve, reject });
      this.#channel.send({ kind: 'ping', id });
    });
  }

  /** Whether a ping that waits to know the other end keeps the process alive; see `Sender.setRef`. */
  setRef(on: boolean): void {
    this.#refd = on;
    if (!on) for (const { timer } of this.#early) timer.unref();
  }

  /** The dialect is settled, and with it what the other end is. */
  onReady(): void {
    for (const { resolve, timer } of this.#early.splice(0)) {
      timer.cancel();
      resolve();
    }
  }

  onPong(id: number, delayMs: number): void {
    const ping = this.#pings.get(id);
    if (ping === undefined) return;
    this.#pings.delete(id);
    const now = this.#clock.now();
    if (delayMs > 0) this.#blockages.push({ ms: delayMs, at: now });
    if (this.#blockages.length > mostBlockages) this.#blockages.shift();
    ping.resolve({ roundTripMs: now - ping.sentAt, delayMs });
  }

  /** What was heard before this look counts as heard now; so whoever may ask for it later looks at the beginning too. */
  look(): void {
    if (this.heard === this.#seen) return;
    this.#seen = this.heard;
    this.#heardAt = this.#watch.freeNow();
  }

  /** Asks for a sign of life where there was none for a while, and nobody has asked yet. Called at every tick. */
  probe(timeoutMs: number): void {
    const silentMs = this.#silentMs();
    if (silentMs < (timeoutMs * freshShare) / 2 || this.#pings.size > 0 || !this.#channel.kindred) return;
    this.ping().then(undefined, () => {});
  }

  /** The error of a call that has run out of time, with what is known of the other end. */
  timeoutError(method: string, timeoutMs: number): KindredError {
    const said = `${method}: no answer within ${Math.round(timeoutMs)} ms`;
    const now = this.#clock.now();
    const isSilent = this.#silentMs() > timeoutMs * freshShare;
    const askedAt = Math.min(...this.#pings.values().map((ping) => ping.sentAt));
    if (isSilent && Number.isFinite(askedAt)) {
      const silentMs = Math.round(now - askedAt);
      const message = `${said}: the other end has not answered a ping for ${silentMs} ms, so its event loop is blocked or it is gone`;
      return new KindredError('ERR_TIMEOUT', message, { data: { peer: 'silent', silentMs } });
    }
    let blockedMs = 0;
    for (const { ms, at } of this.#blockages)
      if (now - at < timeoutMs) blockedMs = Math.max(blockedMs, Math.round(ms));
    if (blockedMs >= timeoutMs * busyShare) {
      const message = `${said}: the other end is busy (its event loop was blocked for ${blockedMs} ms)`;
      return new KindredError('ERR_TIMEOUT', message, { data: { peer: 'busy', blockedMs } });
    }
    if (isSilent || !this.#channel.kindred)
      return new KindredError('ERR_TIMEOUT', said, { data: { peer: 'unknown' } });
    return new KindredError('ERR_TIMEOUT', `${said}: the other end is alive, its function has not finished`, {
      data: { peer: 'alive' },
    });
  }

  close(error: KindredError): void {
    this.#refusal = error;
    this.onReady();
    for (const { id, reject } of this.#pings.values()) {
      this.#pings.delete(id);
      reject(error);
    }
  }

  #silentMs(): number {
    this.look();
    return this.#watch.freeNow() - this.#heardAt;
  }

  /** Resolves when it is known what the other end is, or is not going to be known. */
  #known(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(this.#handshakeMs, () => {
        this.#early = this.#early.filter((one) => one.timer !== timer);
        resolve();
      });
      if (!this.#refd) timer.unref();
      this.#early.push({ resolve, timer });
    });
  }
}
