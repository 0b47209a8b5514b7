/**
 * A channel over a flow of bytes: a dialect makes messages of them, the outbox decides what goes out when.
 *
 * How two ends come to a dialect (`dialect` in the options):
 * ```
 *   a name     this dialect from the first byte; `binary` begins with a hello from both ends
 *   'choose'   a listener: the first byte tells; a JSON hello is answered, then both go on in `binary`
 *   'greet'    a dialer: says hello in a JSON line that strangers ignore, sends plain JSON at once,
 *              and goes on in `binary` as soon as a hello comes back
 * ```
 */
import { type Clock, systemClock, type Timer } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import { createBinaryCodec } from '../wire/binary.ts';
import { chooseDialect } from '../wire/choose.ts';
import type { Codec, CodecOptions, DialectName } from '../wire/dialect.ts';
import { createJsonConcatCodec } from '../wire/json-concat.ts';
import { createJsonHeadersCodec } from '../wire/json-headers.ts';
import { createJsonLinesCodec } from '../wire/json-lines.ts';
import type { Limits } from '../wire/limits.ts';
import { type Hello, type Message, rpcCodes } from '../wire/message.ts';
import type { Text } from '../wire/text.ts';
import { checkVersion } from '../wire/version.ts';
import type { Carries, Channel, CloseReason, Receiver, Ticket } from './channel.ts';
import { FlushPace } from './flush-pace.ts';
import { Outbox } from './outbox.ts';
import type { ByteTransport, Resumption } from './transport.ts';

export type DialectChoice = DialectName | 'choose' | 'greet';

export interface FramedOptions {
  mode: 'calls' | 'plain';
  dialect: DialectChoice;
  /** The other end has come by itself, so that it may be a browser: HTTP is refused, whatever the dialect. Always with 'choose'. */
  accepted?: boolean | undefined;
  /** What this end says of itself to another Kindred. */
  hello: Hello;
  limits: Limits;
  text: Text;
  allocate?: CodecOptions['allocate'];
  /** Hears a line that is no message: what the program at the other end prints may be among its messages. */
  stray?: ((line: string) => void) | undefined;
  /** How JSON says that a call is given up. */
  cancelAs?: CodecOptions['cancelAs'];
  clock?: Clock;
  /** Runs a function at the end of this turn of the event loop. Default `queueMicrotask`. */
  defer?: (run: () => void) => void;
}

/** How long a closing channel waits for the other end to close too, in milliseconds. */
const lingerMs = 1000;

const makers: Record<DialectName, (options: CodecOptions) => Codec> = {
  'json-lines': createJsonLinesCodec,
  'json-headers': createJsonHeadersCodec,
  'json-concat': createJsonConcatCodec,
  binary: createBinaryCodec,
};

export function createFramedChannel(transport: ByteTransport, options: FramedOptions): Channel {
  return new FramedChannel(transport, options);
}

class FramedChannel implements Channel {
  readonly closed: Promise<CloseReason>;
  remote: Hello | undefined;
  state: Channel['state'];
  writes = 0;

  readonly #transport: ByteTransport;
  readonly #resumption: Resumption | undefined;
  readonly #options: FramedOptions;
  readonly #clock: Clock;
  readonly #defer: (run: () => void) => void;
  readonly #outbox: Outbox;
  readonly #resolveClosed: (reason: CloseReason) => void;
  #receiver: Receiver | undefined;
  /** The dialects of the two directions; they differ only between the two hellos of an agreement. */
  #incoming: Codec | undefined;
  #outgoing: Codec | undefined;
  /** Beginning with 16 or 32 is no better: 289 and 240 against 297 thousand calls a second. */
  readonly #pace = new FlushPace(8);
  #flushScheduled = false;
  /** One for all turns. */
  readonly #flushLater = (): void => this.#flush();
  #flushedPromise: Promise<boolean> | undefined;
  #onFlush: (() => void) | undefined;
  #wasFull = false;
  #ended = false;
  #begun = false;
  #readyTold = false;
  /** Set once this end has decided to close: the reason to give when the transport is gone. */
  #closing: CloseReason | undefined;
  #handshakeTimer: Timer | undefined;
  #lingerTimer: Timer | undefined;

  constructor(transport: ByteTransport, options: FramedOptions) {
    this.#transport = transport;
    this.#resumption = transport.resumption;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#defer = options.defer ?? queueMicrotask;
    this.#outbox = new Outbox((chunks) => {
      this.writes++;
      return this.#transport.write(chunks);
    });
    const { promise, resolve } = Promise.withResolvers<CloseReason>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    this.state =
      options.dialect === 'choose' ? 'choosing' : options.dialect === 'greet' ? 'greeting' : 'open';
    if (options.dialect !== 'choose') this.#use(options.dialect === 'greet' ? 'json-lines' : options.dialect);
    // Before the first byte of `binary` there may be lines.
    if (options.dialect === 'binary' && options.stray !== undefined)
      this.#incoming = this.#make('json-lines');
  }

  get carries(): Carries {
    const handles = this.kindred && this.#transport.handles !== undefined;
    return { form: 'bytes', structured: this.kindred, handles, transfer: false };
  }

  get kindred(): boolean {
    return this.#outgoing?.name === 'binary';
  }

  get dialect(): DialectName | undefined {
    return this.#outgoing?.name;
  }

  get full(): boolean {
    const full = this.#outbox.weight >= this.#options.limits.maxBufferedBytes;
    if (full) this.#wasFull = true;
    return full;
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#transport.start({
      data: (chunk) => this.#onData(chunk),
      room: () => this.#incoming?.room?.(),
      end: () => this.#onEnd(),
      drain: () => {
        this.#outbox.unblock();
        this.#flush();
      },
      close: (error) => this.#onClose(error),
      stalled: () => this.#outbox.block(),
      acknowledge: (bytes) => this.#acknowledge(bytes),
    });
    const { dialect, mode } = this.#options;
    if (mode === 'calls' && (dialect === 'greet' || dialect === 'binary')) {
      this.#post({ kind: 'hello', hello: this.#hello });
      if (dialect === 'binary') this.#awaitHello();
    }
    const waitsForTheOtherEnd =
      dialect === 'choose' || dialect === 'greet' || (dialect === 'binary' && mode === 'calls');
    if (!waitsForTheOtherEnd) this.#defer(() => this.#ready());
  }

  send(message: Message, ticket?: Ticket): number {
    if (this.state === 'closed' || this.#closing !== undefined)
      throw new KindredError('ERR_CLOSED', 'the channel is closed');
    return this.#post(message, ticket);
  }

  /** All who ask in one turn share a promise. It covers what is sent until that turn's flush, so it is bound only there. */
  flushed(): Promise<boolean> {
    this.#flushedPromise ??= new Promise<void>((resolve) => {
      if (this.#flushScheduled) this.#onFlush = resolve;
      else this.#outbox.whenHandedOver(resolve);
    }).then(() => this.#transport.flushed());
    return this.#flushedPromise;
  }

  pause(): void {
    this.#transport.pause();
  }

  resume(): void {
    this.#transport.resume();
  }

  close(error?: KindredError): Promise<CloseReason> {
    if (this.state === 'closed' || this.#closing !== undefined) return this.closed;
    if (error !== undefined) this.#tellError(error);
    this.#closing =
      error !== undefined ? { kind: 'broken', error } : { kind: this.#ended ? 'ended' : 'closed' };
    this.#handshakeTimer?.cancel();
    // There is nobody to whom anything could be said.
    if (this.#resumption?.lost === true) {
      this.#transport.destroy();
      return this.closed;
    }
    this.#resumption?.leave();
    this.#transport.resume();
    // Once all is handed over, say that no more will come; then the other end closes too, or the time runs out.
    const handedOver = (): void => {
      if (this.state === 'closed') return;
      this.#sayBye();
      this.#transport.end();
      if (this.#ended) void this.#transport.flushed().then(() => this.#transport.destroy());
    };
    this.#flush();
    this.#outbox.whenHandedOver(handedOver);
    this.#lingerTimer = this.#clock.after(lingerMs, () => this.#transport.destroy());
    return this.closed;
  }

  destroy(reason: CloseReason): void {
    if (this.state === 'closed') return;
    if (reason.kind === 'lost' && this.#closing === undefined && this.#resumption?.drop() === true) return;
    if (this.#resumption?.lost === false && !this.#outbox.isSealed) this.#sayBye();
    this.#closing ??= reason;
    this.#outbox.clear();
    this.#transport.destroy();
  }

  ref(): void {
    this.#transport.ref();
  }

  unref(): void {
    this.#transport.unref();
  }

  #make(name: DialectName): Codec {
    const { mode, limits, text, allocate, stray, cancelAs } = this.#options;
    return makers[name]({
      mode,
      limits,
      text,
      allocate,
      sink:
        this.#resumption === undefined
          ? (message, bytes) => this.#onMessage(message, bytes)
          : (message, bytes) => this.#onResumable(message, bytes),
      mayBeKindred: () => this.state === 'greeting',
      stray,
      cancelAs,
      importReference: (reference) => this.#receiver?.importReference?.(reference),
    });
  }

  #use(name: DialectName): void {
    const codec = this.#make(name);
    this.#incoming = codec;
    this.#outgoing = codec;
    this.#outbox.use(codec);
  }

  #post(message: Message, ticket?: Ticket): number {
    const codec = this.#outgoing;
    if (codec === undefined)
      throw new KindredError('ERR_INTERNAL', 'a message was sent before the dialect was chosen');
    const encoded = codec.encode(message, ticket?.exportReference);
    if (encoded === undefined) return 0;
    const most = this.remote?.maxMessageBytes;
    if (most !== undefined && encoded.bytes > most)
      throw new KindredError(
        'ERR_LIMIT',
        `a message of ${encoded.bytes} bytes is above maxMessageBytes (${most}) of the other end`,
      );
    this.#outbox.add(message, encoded, ticket);
    if (this.#pace.mayGo()) this.#outbox.flush();
    if (!this.#flushScheduled) {
      this.#flushScheduled = true;
      this.#flushedPromise = undefined;
      this.#defer(this.#flushLater);
    }
    return encoded.bytes;
  }

  #flush(): void {
    this.#pace.restart();
    this.#flushScheduled = false;
    this.#flushedPromise = undefined;
    const asked = this.#onFlush;
    this.#onFlush = undefined;
    // Closed by now or not: all that was added has been handed over, waits for it, or was dropped.
    if (asked !== undefined) this.#outbox.whenHandedOver(asked);
    if (this.state === 'closed') return;
    this.#outbox.flush();
    if (this.#wasFull && this.#outbox.weight < this.#options.limits.maxBufferedBytes / 2) {
      this.#wasFull = false;
      this.#receiver?.drained();
    }
  }

  #onData(chunk: Uint8Array): void {
    if (this.#closing !== undefined || chunk.length === 0) return;
    try {
      if (!this.#begun && !this.#begin(chunk)) return;
      const rest = (this.#incoming as Codec).push(chunk);
      if (rest === undefined || this.#closing !== undefined) return;
      if (this.#outgoing?.name !== 'binary')
        throw new KindredError('ERR_PROTOCOL', 'the other end went on in the binary dialect without a hello');
      this.#incoming = this.#outgoing;
      this.#incoming.push(rest);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Looks at the first bytes. False: the channel closes. */
  #begin(chunk: Uint8Array): boolean {
    this.#begun = true;
    const chooses = this.#options.dialect === 'choose';
    if (!chooses && this.#options.accepted !== true) return true;
    const choice = chooseDialect(chunk);
    if (choice === 'http') {
      // A browser that was talked into calling a local port must not even learn what listens here.
      this.destroy({
        kind: 'broken',
        error: new KindredError('ERR_PROTOCOL', 'an HTTP request arrived where calls are served'),
      });
      return false;
    }
    if (chooses) this.#choose(choice, chunk[0] as number);
    return true;
  }

  #choose(choice: DialectName | undefined, first: number): void {
    this.#use(choice ?? 'json-lines');
    if (choice === undefined) {
      const byte = first.toString(16).padStart(2, '0');
      throw new KindredError(
        'ERR_PROTOCOL',
        `the first byte 0x${byte} begins none of the dialects that are spoken here`,
      );
    }
    if (choice === 'binary') this.#awaitHello();
    else if (choice === 'json-headers') this.#settle();
  }

  #onMessage(message: Message, bytes: number): void {
    if (this.#closing !== undefined) return;
    if (this.#readyTold) {
      if (message.kind !== 'hello') this.#receiver?.message(message, bytes);
      return;
    }
    if (message.kind === 'hello') this.#onHello(message.hello);
    else if (this.kindred && this.#options.mode === 'calls')
      throw new KindredError('ERR_PROTOCOL', `the first binary message must be a hello, not ${message.kind}`);
    else {
      this.#settle();
      this.#receiver?.message(message, bytes);
    }
  }

  /** Over a transport that resumes: what the two channels have to say to each other about that is nobody else's. */
  #onResumable(message: Message, bytes: number): void {
    if (message.kind === 'received') this.#resumption?.acknowledged(message.bytes, bytes);
    else if (message.kind === 'bye') this.#resumption?.leave();
    else this.#onMessage(message, bytes);
  }

  get #hello(): Hello {
    const { hello } = this.#options;
    const resume = this.#resumption?.words();
    return resume === undefined ? hello : { ...hello, resume };
  }

  /** Past all that waits: two ends that both wait for this word would otherwise wait for ever. */
  #acknowledge(bytes: number): void {
    const codec = this.#outgoing;
    if (this.#closing !== undefined || codec?.name !== 'binary') return;
    const message: Message = { kind: 'received', bytes };
    if (this.writes === 0 || this.#outbox.isSealed) {
      this.#post(message);
      return;
    }
    const encoded = codec.encode(message);
    if (encoded !== undefined && !this.#transport.write(codec.frame([encoded]))) this.#outbox.block();
  }

  #sayBye(): void {
    const codec = this.#outgoing;
    if (this.#resumption?.agreed !== true || codec?.name !== 'binary') return;
    const encoded = codec.encode({ kind: 'bye' });
    if (encoded !== undefined) this.#transport.write(codec.frame([encoded]));
  }

  #onHello(hello: Hello): void {
    this.#handshakeTimer?.cancel();
    const changes = this.#outgoing?.name === 'json-lines' && this.#options.dialect !== 'json-lines';
    if (changes || this.#outgoing?.name === 'binary') {
      const asks = changes && this.state === 'choosing';
      if (!asks) checkVersion(hello);
      this.remote = hello;
      this.#resumption?.agree(hello['resume']);
      if (this.state === 'choosing') this.#post({ kind: 'hello', hello: this.#hello });
    }
    if (changes) {
      // Incoming JSON goes on until the other end switches, with a byte 0xFF at the start of a line.
      const json = this.#incoming as Codec;
      this.#use('binary');
      this.#incoming = json;
    }
    this.#settle();
  }

  #settle(): void {
    if (this.state === 'closed') return;
    this.state = 'open';
    if (!this.kindred) this.#resumption?.agree(undefined);
    this.#ready();
  }

  #ready(): void {
    if (this.#readyTold || this.state === 'closed') return;
    this.#readyTold = true;
    this.#receiver?.ready();
  }

  #awaitHello(): void {
    if (this.#options.mode === 'plain') {
      this.#settle();
      return;
    }
    const { handshakeMs } = this.#options.limits;
    this.#handshakeTimer = this.#clock.after(handshakeMs, () =>
      this.#fail(new KindredError('ERR_TIMEOUT', `no hello came within handshakeMs (${handshakeMs})`)),
    );
    this.#handshakeTimer.unref();
  }

  #onEnd(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#closing !== undefined) {
      // Both ends are done: nothing is left to wait for once our own bytes are out.
      this.#outbox.whenHandedOver(() => void this.#transport.flushed().then(() => this.#transport.destroy()));
      return;
    }
    try {
      this.#incoming?.end();
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#receiver?.ended();
  }

  /** The stream cannot go on: tell the other end why, then close. */
  #fail(thrown: unknown): void {
    const error =
      thrown instanceof KindredError
        ? thrown
        : new KindredError('ERR_INTERNAL', 'a message could not be handled', { cause: thrown });
    void this.close(error);
  }

  #tellError(error: KindredError): void {
    if (this.#options.mode !== 'calls' || this.#outgoing === undefined) return;
    const code = error.code === 'ERR_PROTOCOL' ? rpcCodes.parseError : rpcCodes.invalidRequest;
    try {
      this.#post({
        kind: 'error',
        id: null,
        error: { code, message: error.message, data: { code: error.code } },
      });
    } catch {
      // An error that cannot be told must not hide the one that closes the channel.
    }
  }

  #onClose(error: Error | undefined): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.#handshakeTimer?.cancel();
    this.#lingerTimer?.cancel();
    this.#outbox.clear();
    const reason: CloseReason =
      this.#closing ??
      (error === undefined && this.#ended
        ? { kind: 'ended' }
        : {
            kind: 'lost',
            error: new KindredError('ERR_PEER_GONE', `the connection (${this.#transport.name}) was cut off`, {
              cause: error,
            }),
          });
    this.#resolveClosed(reason);
    this.#receiver?.closed(reason);
  }
}
