/** A peer over a channel: hands what arrives to the half that it is about, and settles both when the channel closes. */
import { type Clock, systemClock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import { createLoopWatch, type LoopWatch } from '../base/loop-watch.ts';
import type { Channel, CloseReason } from '../channel/channel.ts';
import { noHandles } from '../channel/handle-port.ts';
import { keepBytes } from '../channel/outbox.ts';
import { defaultLimits, type Limits } from '../wire/limits.ts';
import type { Hello, Message, WireError } from '../wire/message.ts';
import { protocolVersion } from '../wire/version.ts';
import { agree, type Terms } from './agreement.ts';
import { Brake } from './brake.ts';
import { type JoinedOptions, join, noOptions } from './call-options.ts';
import type { Client, Notifier } from './client.ts';
import { type EventsPort, noContext, noEvents } from './context.ts';
import type { Identity } from './identity.ts';
import { Inbound } from './inbound.ts';
import { JoinedCaller } from './joined-caller.ts';
import { answeringThrough } from './middleware/middleware.ts';
import { methodsFor, startFailed } from './offer.ts';
import { Outbound } from './outbound.ts';
import type { OwnPeer, PeerOptions } from './own-peer.ts';
import type { Caller, CallOptions, Peer, PeerLoad } from './peer.ts';
import { References } from './references.ts';
import type { Reply } from './reply.ts';
import { Scope } from './scope.ts';
import type { Method } from './service.ts';
import { fromWire } from './wire-errors.ts';

/** Joins a channel to calls. The channel must not have been started. */
export function createPeer<Remote = unknown>(channel: Channel, options: PeerOptions = {}): OwnPeer<Remote> {
  return new ChannelPeer(channel, options) as unknown as OwnPeer<Remote>;
}

/** What an end says of itself at the hand-shake. */
export function helloOf(limits: Limits, contract?: string): Hello {
  const { maxCalls, maxMessageBytes, maxStreams } = limits;
  const hello = { version: protocolVersion, maxCalls, maxMessageBytes, maxStreams };
  return contract === undefined ? hello : { ...hello, contract };
}

const agreed = Promise.resolve();

/** How long an end that drains waits for the first words of whoever has connected, in milliseconds. */
const firstWordsMs = 250;

class ChannelPeer implements OwnPeer {
  readonly address: string;
  readonly identity: Identity | undefined;
  readonly closed: Promise<CloseReason>;
  readonly agreed: Promise<void>;
  readonly #channel: Channel;
  readonly #limits: Limits;
  readonly #brake: Brake;
  readonly #inbound: Inbound;
  readonly #outbound: Outbound;
  readonly #references: References;
  readonly #clock: Clock;
  readonly #watch: LoopWatch;
  readonly #events: EventsPort;
  readonly #options: JoinedOptions;
  /** Made for the first call from this end. */
  #root: Caller<unknown> | undefined;
  /** This end takes no more calls. */
  #draining = false;
  /** The other end has been told so, or is none that can be told. */
  #announced: Promise<void> | undefined;
  /** It is known what the other end speaks. */
  readonly #ready = Promise.withResolvers<void>();
  /** The other end takes none. */
  #otherDrains = false;
  /** The last thing that a stranger reported about no call of ours: likely the reason when it hangs up. */
  #lastReport: KindredError | undefined;
  #room: (() => void)[] = [];
  /** Of what this end has answered by itself while the other end read too little. */
  #unreadBytes = 0;

  constructor(channel: Channel, options: PeerOptions) {
    const { limits = defaultLimits, clock = systemClock, context = noContext, events = noEvents } = options;
    const watch = options.watch ?? createLoopWatch(clock);
    this.#channel = channel;
    this.#limits = limits;
    const brake = new Brake(channel);
    this.#brake = brake;
    this.#clock = clock;
    this.#watch = watch;
    this.#events = events;
    this.address = options.address ?? '';
    this.identity = options.identity;
    this.closed = channel.closed;
    this.#references = new References({
      port: {
        send: (message) => channel.send(message),
        tell: (message) => this.#answer(message),
        room: () => this.#whenRoom(),
      },
      handles: options.handles ?? noHandles,
      maxStreams: limits.maxStreams,
      mostProduced: () => Math.min(limits.maxStreams, channel.remote?.maxStreams ?? limits.maxStreams),
      callLent: (id, args) => this.#outbound.call(id, args, noOptions),
      toWire: (thrown, life) => this.#inbound.toWire(thrown, life instanceof Scope ? life : undefined),
    });
    this.#outbound = new Outbound({
      channel,
      limits,
      clock,
      watch,
      context,
      references: this.#references,
      brake,
      heartbeatMs: options.heartbeatMs ?? limits.heartbeatMs,
      hasArrived: options.hasArrived,
      successor: options.successor,
    });
    const { timeoutMs, params, middleware } = options;
    const isPlain = timeoutMs === undefined && params === undefined && middleware === undefined;
    this.#options = isPlain ? noOptions : join(noOptions, { timeoutMs, params, middleware });
    const methods = options.methods ?? methodsFor(options.service ?? {}, this);
    this.#inbound = new Inbound({
      channel,
      limits,
      watch,
      context,
      events,
      references: this.#references,
      brake,
      answer: (message) => this.#answer(message),
      awaitsAnswers: () => this.#outbound.inFlight > 0,
      methods: methods instanceof Promise ? undefined : methods,
      around: answeringThrough(options.serviceMiddleware, clock),
      record: options.record,
      withStack: options.withStack ?? false,
      description: options.description,
      describing: { middleware: options.serviceMiddleware, remarks: options.remarks },
      peer: () => this,
    });
    if (methods instanceof Promise) this.#await(methods);
    channel.start({
      ready: () => {
        this.#ready.resolve();
        this.#outbound.onReady();
      },
      message: (message, bytes) => this.#onMessage(message, bytes),
      importReference: (reference) => this.#references.import(reference),
      drained: () => this.#onDrained(),
      ended: () => this.#onEnded(),
      closed: (reason) => this.#onClosed(reason),
    });
    events.publish('kindred:peer.open', () => ({ peer: this }));
    this.agreed = options.terms === undefined ? agreed : this.#agree(options.terms);
  }

  get call(): Client<unknown> {
    return this.#caller.call;
  }

  get notify(): Notifier<unknown> {
    return this.#caller.notify;
  }

  get state(): Peer['state'] {
    return this.#channel.state === 'closed'
      ? 'closed'
      : this.#draining || this.#otherDrains
        ? 'draining'
        : 'open';
  }

  get kindred(): boolean {
    return this.#channel.kindred;
  }

  get load(): PeerLoad {
    return {
      inFlight: this.#outbound.inFlight,
      waiting: this.#outbound.waiting,
      running: this.#inbound.load,
      streams: this.#references.streams,
      lent: this.#references.ledger.size,
    };
  }

  invoke(
    method: string,
    args: readonly unknown[],
    options: JoinedOptions,
    over?: () => void,
    held?: unknown,
  ): Reply<unknown> {
    const reply = this.#outbound.call(method, args, options, over, held);
    this.#inbound.slow();
    return reply;
  }

  deliver(method: string, args: readonly unknown[], options: JoinedOptions, held?: unknown): Promise<void> {
    return this.#outbound.notify(method, args, options, held);
  }

  with(options: CallOptions): Caller<unknown> {
    return this.#caller.with(options);
  }

  ping(): Promise<{ roundTripMs: number; delayMs: number }> {
    return this.#outbound.liveness.ping();
  }

  async drain({
    timeoutMs,
    signal,
    reason = '',
  }: {
    timeoutMs?: number;
    signal?: AbortSignal;
    reason?: string;
  } = {}): Promise<void> {
    if (this.#channel.state === 'closed') return;
    const { promise: cut, resolve: cutShort } = Promise.withResolvers<void>();
    const timer = timeoutMs === undefined ? undefined : this.#clock.after(timeoutMs, cutShort);
    signal?.addEventListener('abort', () => cutShort(), { once: true });
    if (signal?.aborted === true) cutShort();
    const over = Promise.race([cut, this.closed]);
    this.#announced ??= this.#announceDrain(reason, over);
    await Promise.race([this.#announced, over]);
    const idle = Promise.all([this.#inbound.whenIdle(), this.#outbound.whenIdle()]);
    await Promise.race([idle, over]);
    timer?.cancel();
    await this.close();
  }

  /** What comes from now on is not run. Whoever has only just connected is heard first, because nobody else can tell it so. */
  async #announceDrain(reason: string, over: Promise<unknown>): Promise<void> {
    const why = reason === '' ? '' : ` (${reason})`;
    this.#draining = true;
    this.#inbound.refuse(
      new KindredError('ERR_PEER_GONE', `the service takes no more calls${why}`, { outcome: 'not-sent' }),
    );
    if (this.#channel.state === 'choosing') {
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = this.#clock.after(firstWordsMs, resolve);
      await Promise.race([this.#ready.promise, late, over]);
      timer.cancel();
    }
    if (this.#channel.kindred) this.#send({ kind: 'goaway', lastId: this.#inbound.lastId, reason });
  }

  get writes(): number {
    return this.#channel.writes;
  }

  get heard(): number {
    return this.#outbound.liveness.heard;
  }

  async flushed(): Promise<void> {
    await this.#outbound.whenSent();
    await this.#channel.flushed();
  }

  async idle(): Promise<void> {
    await this.#inbound.whenIdle();
    await this.#references.whenEnded();
  }

  async close(): Promise<void> {
    // A Kindred takes the end of the channel for the end of its calls; a stranger may go on answering.
    if (!this.#channel.kindred) this.#outbound.cancelAll();
    const done = this.#channel.close();
    this.#settleAll(new KindredError('ERR_CLOSED', 'the peer was closed on this side'));
    await done;
  }

  ref(): void {
    this.#channel.ref();
    this.#outbound.setRef(true);
  }

  unref(): void {
    this.#channel.unref();
    this.#outbound.setRef(false);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #caller(): Caller<unknown> {
    this.#root ??= new JoinedCaller(this.#options, {
      peer: this,
      call: (method, args, joined) => this.invoke(method, args, joined),
      notify: (method, args, joined) => this.deliver(method, args, joined),
    });
    return this.#root;
  }

  #agree(terms: Terms): Promise<void> {
    const channel = this.#channel;
    const timely = join(noOptions, { timeoutMs: this.#limits.handshakeMs });
    const made = agree(terms, {
      peer: this,
      events: this.#events,
      // Of one that is known to be a Kindred the hello comes by itself.
      ready: async () => {
        if (channel.kindred || channel.state === 'choosing') await this.#whenReady();
      },
      said: () => channel.remote?.contract,
      ask: async (method) => this.#outbound.call(method, [], timely),
      part: (error) => channel.destroy({ kind: 'broken', error }),
    });
    // Nobody has to wait for it.
    made.catch(() => {});
    return made;
  }

  /** Also when that takes too long, and when the channel is closed. */
  async #whenReady(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(this.#limits.handshakeMs, resolve);
    timer.unref();
    await Promise.race([this.#ready.promise, this.closed, late]);
    timer.cancel();
  }

  #await(methods: Promise<ReadonlyMap<string, Method>>): void {
    methods.then(
      (ready) => this.#inbound.offer(ready),
      (cause: unknown) => {
        const error = startFailed(cause);
        this.#events.publish('kindred:peer.error', () => ({ peer: this, error }));
        this.#inbound.refuseAll(error);
      },
    );
  }

  #onMessage(message: Message, bytes: number): void {
    this.#outbound.liveness.heard++;
    const { kind } = message;
    if (kind !== 'call' && kind !== 'result' && kind !== 'notify') this.#references.refuseBorrowed(kind);
    switch (kind) {
      case 'call':
        return this.#inbound.onCall(message);
      case 'notify':
        return this.#inbound.onNotify(message);
      case 'result':
        return this.#outbound.onResult(message.id, message.value);
      case 'error':
        if (message.id === null && !this.#outbound.has(null)) return this.#onProtocolError(message.error);
        return this.#outbound.onError(message.id, message.error);
      case 'cancel':
        return this.#inbound.onCancel(message.id);
      case 'ping':
        return this.#answer({
          kind: 'pong',
          id: message.id,
          delayMs: Math.round(this.#watch.takeLongest(this)),
        });
      case 'pong':
        return this.#outbound.liveness.onPong(message.id, message.delayMs);
      case 'goaway':
        return this.#onGoaway(message.lastId, message.reason);
      case 'ack':
        return this.#outbound.onAck(message.id);
      case 'invalid':
        return this.#onInvalid(message);
      case 'item':
        if (
          !this.#channel.kindred &&
          this.#outbound.onPlainItem(message.stream, message.seq, message.value, bytes)
        )
          return;
        break;
    }
    this.#references.onMessage(message, bytes);
  }

  /** A broken response fails the call that it was meant for; anything else is answered, as JSON-RPC demands. */
  #onInvalid({ id, error, answers }: Extract<Message, { kind: 'invalid' }>): void {
    if (answers === undefined || !this.#outbound.has(answers)) this.#answer({ kind: 'error', id, error });
    else
      this.#outbound.onBroken(
        answers,
        new KindredError('ERR_PROTOCOL', `the answer is no JSON-RPC response: ${error.message}`, {
          origin: 'remote',
        }),
      );
  }

  /** The other end could make nothing of what we sent: whatever waits for an answer may never get one. */
  #onProtocolError(reported: WireError): void {
    const error = fromWire(reported);
    this.#events.publish('kindred:peer.error', () => ({ peer: this, error }));
    if (this.#channel.kindred) this.#channel.destroy({ kind: 'broken', error });
    else this.#lastReport = error;
  }

  #onGoaway(lastId: Parameters<Outbound['onGoaway']>[0], reason: string): void {
    this.#otherDrains = true;
    this.#outbound.onGoaway(lastId, reason);
  }

  #onDrained(): void {
    this.#unreadBytes = 0;
    this.#brake.set(this, false);
    for (const resolve of this.#room.splice(0)) resolve();
    this.#outbound.pump();
    this.#inbound.pump();
  }

  /** The other end says no more. A stranger may still read our answers (`printf ... | nc`); a Kindred never does. */
  #onEnded(): void {
    const error =
      this.#lastReport ??
      new KindredError('ERR_PEER_GONE', `the other end${this.#where()} closed the connection`);
    this.#outbound.close(error);
    this.#references.failConsumers(error);
    if (this.#channel.kindred) {
      void this.#channel.close();
      this.#settleAll(error);
      return;
    }
    this.#inbound.refuse(error);
    void this.#inbound.whenIdle().then(() => this.#channel.close());
  }

  #onClosed(reason: CloseReason): void {
    const error =
      reason.error ??
      (reason.kind === 'closed'
        ? new KindredError('ERR_CLOSED', 'the peer was closed on this side')
        : new KindredError('ERR_PEER_GONE', `the other end${this.#where()} closed the connection`));
    this.#settleAll(error);
    this.#events.publish('kindred:peer.close', () => ({ peer: this, reason }));
  }

  #settleAll(error: KindredError): void {
    this.#outbound.close(error);
    this.#inbound.close(error);
    this.#references.close(error);
    for (const resolve of this.#room.splice(0)) resolve();
  }

  #where(): string {
    return this.address === '' ? '' : ` (${this.address})`;
  }

  #whenRoom(): Promise<void> | undefined {
    return this.#channel.full ? new Promise((resolve) => this.#room.push(resolve)) : undefined;
  }

  /**
   * Sends what this end answers by itself, and so to any number of messages. Whoever does not read that is read no further
   * itself; where its other messages must be heard all the same, it loses its connection.
   */
  #answer(message: Message): void {
    const bytes = this.#send(message);
    const channel = this.#channel;
    if (!channel.full) return;
    if (!channel.kindred && this.#outbound.inFlight === 0) return this.#brake.set(this, true);
    this.#unreadBytes += bytes + keepBytes;
    const { maxBufferedBytes } = this.#limits;
    if (this.#unreadBytes <= maxBufferedBytes) return;
    const said = `the other end asks on and on, and reads no answers: maxBufferedBytes (${maxBufferedBytes})`;
    channel.destroy({ kind: 'broken', error: new KindredError('ERR_LIMIT', said) });
  }

  #send(message: Message): number {
    try {
      return this.#channel.send(message);
    } catch {
      // The channel was closed meanwhile, and with it all that the message was about.
      return 0;
    }
  }
}
