/** The giving side at work: one for each channel (hand-over.ts says what becomes of a handle). */
import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import { countOf, msOf } from './bounds.ts';
import { type ChannelEnd, isParent, machineClock, nameOfEnd, openEnd } from './channel-end.ts';
import {
  envelope,
  type GiverSays,
  type HandleKind,
  openEnvelope,
  type TakerSays,
  type TakerState,
} from './envelope.ts';
import { checkGivable, drop, type Handle, isGone, kindOf, moving } from './givable.ts';
import {
  type Given,
  type GiveOptions,
  type HandOver,
  type HandOverOptions,
  type HandOverState,
  usualPurpose,
} from './hand-over.ts';
import { Ledger } from './ledger.ts';
import { forgetServer } from './node-internals.ts';
import { putBack, type ReadAhead, takeOut } from './read-ahead.ts';

// A channel has one ledger, whoever asks for it: two would take each other's answers for their own.
const givers = new WeakMap<ChildProcess, Giver>();

/**
 * The giving side of the IPC channel of a child, or of this process towards its parent.
 *
 * A channel has one; who asks again gets the same, with the options of the first time. Throws `ERR_NOT_SUPPORTED` where
 * there is no IPC channel.
 */
export function handOver(to: ChannelEnd, options: HandOverOptions = {}): HandOver {
  const end = openEnd(to);
  let giver = givers.get(end);
  if (giver === undefined) {
    giver = new Giver(end, options);
    givers.set(end, giver);
  }
  return giver;
}

/** After the exit of a child: how long to wait for the next of what it had said, where the channel does not come to its end. */
const lingerMs = 500;
const lingerStepMs = 10;

const whyNot = { full: 'refused', draining: 'refused', hung: 'late', dead: 'dead' } as const;

interface Entry {
  readonly id: number;
  readonly kind: HandleKind;
  readonly purpose: string;
  readonly note: unknown;
  readonly keep: boolean;
  readonly handle: Handle;
  readonly readAhead: ReadAhead | undefined;
  sentAt: number;
  isAskedFor: boolean;
  stopWaiting(): void;
  resolve(given: Given): void;
  reject(error: KindredError): void;
}

class Giver implements HandOver {
  readonly name: string;
  readonly #end: ChildProcess;
  readonly #clock: Clock;
  readonly #ackMs: number;
  readonly #maxWaiting: number;
  readonly #ledger: Ledger<Entry>;
  readonly #states = new Map<string, TakerState>();
  readonly #listeners = new Set<() => void>();
  #isHung = false;
  #isOver = false;
  #isWatching = false;
  #heard = 0;

  constructor(end: ChildProcess, { maxWaiting, ackMs, clock = machineClock }: HandOverOptions) {
    this.name = nameOfEnd(end);
    this.#end = end;
    this.#clock = clock;
    this.#ackMs = msOf('ackMs', ackMs, 2000);
    this.#maxWaiting = countOf('maxWaiting', maxWaiting, 1000);
    this.#ledger = new Ledger(this.#maxWaiting);
    end.on('message', this.#onMessage);
    end.once('disconnect', this.#onDisconnect);
    // This process's own exit says nothing of its parent.
    if (!isParent(end)) end.once('exit', this.#onExit);
    // The other end may have been ready before anybody listened here.
    this.#say({ say: 'hello' });
  }

  get underWay(): number {
    return this.#ledger.waiting + (this.#ledger.sent === undefined ? 0 : 1);
  }

  get open(): number {
    return this.#ledger.open;
  }

  state(purpose: string = usualPurpose): HandOverState {
    if (this.#isDead()) return 'dead';
    if (this.#isHung) return 'hung';
    return this.#states.get(purpose) ?? 'starting';
  }

  async give(handle: Handle, options: GiveOptions = {}): Promise<Given> {
    const { purpose = usualPurpose, note = null, signal } = options;
    const kind = kindOf(handle);
    const keep = options.keep ?? kind !== 'socket';
    const timeoutMs = msOf('timeoutMs', options.timeoutMs, 10_000);
    if (kind === 'socket' && isGone(handle)) return { kind: 'gone' };
    checkGivable(handle, keep, this.name);
    if (signal?.aborted === true) throw cancelled(this.name);
    const state = this.state(purpose);
    if (state !== 'available' && state !== 'starting') return { kind: 'returned', why: whyNot[state] };

    const { promise, resolve, reject } = Promise.withResolvers<Given>();
    const entry = this.#ledger.add((id) => ({
      id,
      kind,
      purpose,
      note,
      keep,
      handle,
      readAhead: handle instanceof Socket ? takeOut(handle) : undefined,
      sentAt: 0,
      isAskedFor: false,
      stopWaiting() {},
      resolve,
      reject,
    }));
    if (entry === undefined)
      throw new KindredError(
        'ERR_BUSY',
        `${this.#maxWaiting} handles wait for ${this.name} to take them: give fewer at a time, or raise maxWaiting`,
      );
    if (!keep) moving.add(handle);
    this.#boundWait(entry, timeoutMs, signal);
    this.#sendNext();
    return promise;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #boundWait(entry: Entry, timeoutMs: number, signal: AbortSignal | undefined): void {
    const giveUp = (error: KindredError): void => {
      if (!this.#ledger.withdraw(entry)) return;
      entry.stopWaiting();
      this.#takeBack(entry);
      entry.reject(error);
    };
    const timer = this.#clock.after(timeoutMs, () =>
      giveUp(
        new KindredError(
          'ERR_TIMEOUT',
          `${this.name} did not take a handle in ${timeoutMs} ms: does it call takeHandles for '${entry.purpose}'?`,
        ),
      ),
    );
    const onAbort = (): void => giveUp(cancelled(this.name));
    signal?.addEventListener('abort', onAbort, { once: true });
    entry.stopWaiting = () => {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
    };
  }

  #sendNext(): void {
    while (!this.#isHung && !this.#isDead()) {
      const entry = this.#ledger.next((purpose) => this.#states.get(purpose) === 'available');
      if (entry === undefined) return;
      entry.stopWaiting();
      if (isGone(entry.handle)) this.#finish(this.#ledger.settle(entry.id), { kind: 'gone' });
      else this.#send(entry);
    }
  }

  #send(entry: Entry): void {
    const { id, kind, purpose, note, handle } = entry;
    if (handle instanceof Socket) forgetServer(handle);
    entry.sentAt = this.#clock.now();
    const said = envelope({
      say: 'give',
      id,
      kind,
      purpose,
      note,
      bytes: entry.readAhead?.bytes.toString('base64') ?? '',
      // Half of the time is ours, to hear of it.
      by: entry.sentAt + this.#ackMs / 2,
    });
    try {
      this.#end.send(said, handle, { keepOpen: true }, (error) => {
        if (error === null) return;
        this.#finish(this.#ledger.settle(id), { kind: 'returned', why: this.#isDead() ? 'dead' : 'lost' });
        this.#sendNext();
      });
    } catch (cause) {
      this.#ledger.settle(id);
      this.#takeBack(entry);
      entry.reject(
        new KindredError('ERR_NOT_ENCODABLE', `a handle cannot be sent: ${(cause as Error).message}`, {
          cause,
        }),
      );
      return;
    }
    this.#watch();
  }

  /** As long as one is on its way, somebody looks after it. */
  #watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    const watched = this.#ledger.sent;
    // What has arrived meanwhile is read first: an answer in time that waited for us is in time.
    const look = (): void =>
      void setImmediate(() => {
        this.#isWatching = false;
        const entry = this.#ledger.sent;
        if (entry === undefined || this.#isOver) return;
        if (this.#end.connected !== true) return this.#over();
        if (entry === watched) {
          if (this.#clock.now() - entry.sentAt >= this.#ackMs) return this.#giveUp();
          if (!entry.isAskedFor) this.#say({ say: 'have', id: entry.id });
          entry.isAskedFor = true;
        }
        this.#watch();
      });
    this.#clock.after(this.#ackMs / 8, look).unref();
  }

  #giveUp(): void {
    this.#isHung = true;
    const back = [this.#ledger.recall(), ...this.#ledger.takeWaiting()];
    for (const entry of back) this.#finish(entry, { kind: 'returned', why: 'late' });
    this.#changed();
  }

  readonly #onMessage = (message: unknown): void => {
    const said = openEnvelope(message);
    if (said === undefined || this.#isOver || !this.#hear(said)) return;
    this.#heard++;
    if (this.#isHung) {
      this.#isHung = false;
      this.#changed();
    }
    this.#sendNext();
  };

  /** False: it was not for this side. */
  #hear(said: GiverSays | TakerSays): boolean {
    switch (said.say) {
      case 'ready':
        this.#states.set(said.purpose, said.state);
        if (said.state !== 'available')
          for (const entry of this.#ledger.takeWaiting(said.purpose))
            this.#finish(entry, { kind: 'returned', why: 'refused' });
        this.#changed();
        return true;
      case 'accepted':
        this.#finish(this.#ledger.accept(said.id), { kind: 'accepted' });
        return true;
      case 'refused':
        this.#finish(this.#ledger.settle(said.id), { kind: 'returned', why: 'refused' });
        return true;
      case 'gone':
        this.#finish(this.#ledger.settle(said.id), { kind: 'gone' });
        return true;
      case 'unseen':
        this.#finish(this.#ledger.settle(said.id), { kind: 'returned', why: 'lost' });
        return true;
      case 'mine':
        this.#say({ say: this.#ledger.ask(said.id) ? 'yours' : 'recalled', id: said.id });
        return true;
      case 'closed':
        this.#ledger.close(said.ids);
        this.#changed();
        return true;
      default:
        return false;
    }
  }

  #finish(entry: Entry | undefined, given: Given): void {
    if (entry === undefined) return;
    entry.stopWaiting();
    if (given.kind === 'returned') this.#takeBack(entry);
    else {
      moving.delete(entry.handle);
      if (!entry.keep) drop(entry.handle);
    }
    entry.resolve(given);
  }

  #takeBack(entry: Entry): void {
    moving.delete(entry.handle);
    if (entry.readAhead !== undefined) putBack(entry.handle as Socket, entry.readAhead);
  }

  #say(said: GiverSays): void {
    // Whoever is not there any more hears nothing; that is found out elsewhere.
    if (this.#end.connected === true) this.#end.send(envelope(said), () => {});
  }

  #isDead(): boolean {
    if (this.#isOver || this.#end.connected !== true) return true;
    return !isParent(this.#end) && (this.#end.exitCode !== null || this.#end.signalCode !== null);
  }

  readonly #onDisconnect = (): void => this.#over();

  /** What the process had said before its end is heard first. */
  readonly #onExit = (): void => {
    let since = this.#clock.now();
    let heard = this.#heard;
    this.#changed();
    const look = (): void =>
      void setImmediate(() => {
        if (this.#isOver) return;
        if (this.#heard !== heard) since = this.#clock.now();
        heard = this.#heard;
        if (this.#end.connected !== true || this.#clock.now() - since >= lingerMs) this.#over();
        else this.#clock.after(lingerStepMs, look);
      });
    look();
  };

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#end.off('message', this.#onMessage).off('disconnect', this.#onDisconnect).off('exit', this.#onExit);
    for (const entry of this.#ledger.end()) this.#finish(entry, { kind: 'returned', why: 'dead' });
    this.#changed();
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function cancelled(name: string): KindredError {
  return new KindredError(
    'ERR_CANCELLED',
    `the hand-over to ${name} was cancelled before the handle went out`,
  );
}
