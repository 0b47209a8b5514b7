/**
 * A channel over a transport that hands over values instead of bytes: a message port, native IPC, memory.
 *
 * ```
 *   'kindred'    the messages of one turn in few batches, each the bytes of many in the binary dialect: the structured
 *                clone of an object takes three times as long. Only what is to be moved is cloned
 *   'json-rpc'   JSON-RPC 2.0 objects, for programs that know nothing of Kindred
 *   'plain'      every value is a message
 * ```
 *
 * A port takes whatever is posted and never says that it is full. So a Kindred that has much under way asks in its batch
 * how far the other one has come, and waits for the answer once too much is.
 */
import { type Clock, systemClock, type Timer } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import { joinBytes } from '../base/join-bytes.ts';
import { createBinaryCodec } from '../wire/binary.ts';
import { checkMessage, isCount } from '../wire/check-message.ts';
import type { Codec, DialectName, Encoded } from '../wire/dialect.ts';
import { createJsonRpc, type JsonRpc } from '../wire/json-rpc.ts';
import type { CancelNotice } from '../wire/json-rpc-message.ts';
import type { Limits } from '../wire/limits.ts';
import { type Hello, type Message, type Reference, rpcCodes } from '../wire/message.ts';
import { type Text, webText } from '../wire/text.ts';
import { checkVersion } from '../wire/version.ts';
import type { Batch, Taken } from './batch.ts';
import type { Carries, Channel, CloseReason, Receiver, Ticket } from './channel.ts';
import { FlushPace } from './flush-pace.ts';
import { sizeOf } from './size-of.ts';
import { isShared, snapshot } from './snapshot.ts';
import type { ValueTransport } from './transport.ts';

export interface ValuesOptions {
  form: 'kindred' | 'json-rpc' | 'plain';
  hello: Hello;
  limits: Limits;
  text?: Text;
  /** How JSON-RPC objects say that a call is given up. */
  cancelAs?: CancelNotice | undefined;
  clock?: Clock;
  /** Runs a function at the end of this turn of the event loop. Default `queueMicrotask`. */
  defer?: (run: () => void) => void;
}

/** Messages that are kept while nobody takes them. */
const maxHeld = 10_000;
/** Smaller messages have no bytes of the caller in them. */
const mayBorrow = 4096;
/** How long a closing channel waits for a transport that takes no more, in milliseconds. */
const lingerMs = 1000;

interface Entry {
  posted: unknown;
  /** In the place of `posted`: what is framed together with its neighbours. */
  encoded?: Encoded;
  bytes: number;
  ticket: Ticket | undefined;
}

export function createValuesChannel(transport: ValueTransport, options: ValuesOptions): Channel {
  return new ValuesChannel(transport, options);
}

class ValuesChannel implements Channel {
  readonly closed: Promise<CloseReason>;
  readonly dialect: DialectName | undefined = undefined;
  readonly carries: Carries;
  readonly kindred: boolean;
  remote: Hello | undefined;
  state: Channel['state'] = 'open';
  writes = 0;

  readonly #transport: ValueTransport;
  readonly #options: ValuesOptions;
  readonly #defer: (run: () => void) => void;
  readonly #clock: Clock;
  readonly #resolveClosed: (reason: CloseReason) => void;
  readonly #jsonRpc: JsonRpc | undefined;
  readonly #binary: Codec | undefined;
  #receiver: Receiver | undefined;
  #waiting: Entry[] = [];
  /** Of what waits. */
  #bytes = 0;
  /** Towards a Kindred: bytes posted, and how many of them the other end is known to have taken. */
  #posted = 0;
  #taken = 0;
  #blocked = false;
  #flushScheduled = false;
  /** To post costs more than to write: on one processor 16 give 125 thousand calls a second, against 94 with 8. */
  readonly #pace = new FlushPace(16);
  #wasFull = false;
  #readyTold = false;
  #paused = false;
  #held: unknown[] = [];
  /** Of those that no other Kindred has sent. */
  #heldBytes = 0;
  #closing: CloseReason | undefined;
  /** The transport is gone, but not all that it brought is taken. */
  #transportClosed: { error: Error | undefined } | undefined;
  #handedOver: (() => void)[] = [];
  #lingerTimer: Timer | undefined;

  constructor(transport: ValueTransport, options: ValuesOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#defer = options.defer ?? queueMicrotask;
    this.#clock = options.clock ?? systemClock;
    this.kindred = options.form === 'kindred';
    this.carries = {
      form: 'values',
      structured: transport.clone === 'structured',
      handles: this.kindred && transport.handles !== undefined,
      transfer: transport.transfer,
    };
    const { promise, resolve } = Promise.withResolvers<CloseReason>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    const { limits, text = webText, cancelAs } = options;
    if (options.form === 'json-rpc') this.#jsonRpc = createJsonRpc({ limits, cancelAs });
    if (options.form === 'kindred')
      this.#binary = createBinaryCodec({
        mode: 'calls',
        limits,
        text,
        sink: (message, bytes) => {
          if (this.#closing === undefined) this.#receiver?.message(message, bytes);
        },
        importReference: (reference: Reference) => this.#receiver?.importReference?.(reference),
      });
  }

  get full(): boolean {
    const full = this.#load >= this.#options.limits.maxBufferedBytes;
    if (full) this.#wasFull = true;
    return full;
  }

  /** Bytes that wait, and bytes that the other end may not have taken yet. */
  get #load(): number {
    return this.#bytes + this.#posted - this.#taken;
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#transport.start({
      value: (value) => this.#onValue(value),
      drain: () => {
        this.#blocked = false;
        this.#flush();
      },
      close: (error) => this.#onClose(error),
    });
    if (this.kindred) this.send({ kind: 'hello', hello: this.#options.hello });
    else this.#defer(() => this.#ready());
  }

  send(message: Message, ticket?: Ticket): number {
    if (this.state === 'closed' || this.#closing !== undefined)
      throw new KindredError('ERR_CLOSED', 'the channel is closed');
    const entry = this.#pack(message, ticket);
    if (entry === undefined) return 0;
    // What is moved or too large to copy must leave before the caller can touch it again.
    if (entry.atOnce && this.#postAlone(entry)) return entry.bytes;
    this.#waiting.push(entry);
    this.#bytes += entry.bytes;
    if (this.kindred && this.#pace.mayGo()) this.#flushWaiting();
    if (!this.#flushScheduled) {
      this.#flushScheduled = true;
      this.#defer(() => this.#flush());
    }
    return entry.bytes;
  }

  flushed(): Promise<boolean> {
    return new Promise<void>((resolve) => {
      if (this.#waiting.length === 0) resolve();
      else this.#handedOver.push(resolve);
    }).then(() => this.#transport.flushed());
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#heldBytes = 0;
    for (const value of this.#held.splice(0)) this.#onValue(value);
    if (this.#transportClosed !== undefined && this.#held.length === 0)
      this.#onClose(this.#transportClosed.error);
  }

  close(error?: KindredError): Promise<CloseReason> {
    if (this.state === 'closed' || this.#closing !== undefined) return this.closed;
    if (error !== undefined) this.#tellError(error);
    this.#closing = error === undefined ? { kind: 'closed' } : { kind: 'broken', error };
    this.#paused = false;
    this.#held = [];
    if (this.#transportClosed !== undefined) {
      this.#onClose(this.#transportClosed.error);
      return this.closed;
    }
    this.#flush();
    const end = (): void => this.#transport.end();
    if (this.#waiting.length === 0) end();
    else this.#handedOver.push(end);
    this.#lingerTimer = this.#clock.after(lingerMs, () => this.#transport.destroy());
    return this.closed;
  }

  destroy(reason: CloseReason): void {
    if (this.state === 'closed') return;
    this.#closing ??= reason;
    this.#drop();
    if (this.#transportClosed === undefined) this.#transport.destroy();
    else this.#onClose(this.#transportClosed.error);
  }

  ref(): void {
    this.#transport.ref();
  }

  unref(): void {
    this.#transport.unref();
  }

  #pack(message: Message, ticket: Ticket | undefined): (Entry & { atOnce: boolean }) | undefined {
    const { form, limits } = this.#options;
    if (form === 'plain') {
      const { value } = message as Extract<Message, { kind: 'plain' }>;
      const bytes = this.#measure(value);
      this.#transport.check?.(value, limits);
      // What has to wait is copied, so that it goes as it is now, and is refused now where it cannot be sent.
      const posted = this.#blocked ? this.#copy(value) : value;
      return { posted, bytes, ticket, atOnce: true };
    }
    if (this.#jsonRpc !== undefined) {
      const posted = this.#jsonRpc.encode(message);
      return posted === undefined ? undefined : { posted, bytes: sizeOf(posted), ticket, atOnce: false };
    }
    // An end of any version can read a hello.
    if (message.kind === 'hello') return { posted: message, bytes: sizeOf(message), ticket, atOnce: false };
    const asIs = ticket?.transfer;
    const copy = asIs === undefined ? undefined : snapshot(message, limits.maxDepth, asIs);
    if (copy !== undefined) {
      this.#checkSize(copy.bytes);
      return { posted: copy.value, bytes: copy.bytes, ticket, atOnce: copy.borrowed };
    }
    const encoded = (this.#binary as Codec).encode(message, ticket?.exportReference);
    if (encoded === undefined) return undefined;
    const { bytes } = encoded;
    this.#checkSize(bytes);
    return {
      posted: undefined,
      encoded,
      bytes,
      ticket,
      atOnce: bytes > mayBorrow && encoded.chunks.length > 1,
    };
  }

  #checkSize(bytes: number): void {
    const { maxMessageBytes } = this.#options.limits;
    const most = Math.min(maxMessageBytes, this.remote?.maxMessageBytes ?? maxMessageBytes);
    if (bytes > most) throw tooLarge(bytes, most);
  }

  /** Of a value that goes as it is: nothing is encoded, so that its limits are looked at here. */
  #measure(value: unknown): number {
    const { maxMessageBytes, maxDepth } = this.#options.limits;
    const bytes = sizeOf(value, maxDepth);
    if (bytes > maxMessageBytes) throw tooLarge(bytes, maxMessageBytes);
    return bytes;
  }

  #copy(value: unknown): unknown {
    return this.#transport.clone === 'json' ? JSON.parse(JSON.stringify(value)) : structuredClone(value);
  }

  /** Behind what waits, and by itself, so that nothing else fails where it cannot be posted. False: it has to wait. */
  #postAlone(entry: Entry): boolean {
    this.#flush();
    if (this.#blocked) return false;
    this.#post([entry], entry.ticket?.transfer);
    return true;
  }

  #flush(): void {
    this.#flushScheduled = false;
    this.#pace.restart();
    this.#flushWaiting();
  }

  #flushWaiting(): void {
    if (this.state === 'closed') return;
    while (this.#waiting.length > 0 && !this.#blocked) {
      const entries = this.kindred ? this.#waiting : this.#waiting.splice(0, 1);
      if (this.kindred) this.#waiting = [];
      for (const entry of entries) this.#bytes -= entry.bytes;
      const going = entries.filter((entry) => entry.ticket?.withdrawn !== true);
      if (going.length > 0) this.#post(going);
    }
    if (this.#waiting.length > 0) return;
    for (const run of this.#handedOver.splice(0)) run();
    this.#tellRoom();
  }

  /** Throws where a value cannot be posted: then nothing was. */
  #post(entries: readonly Entry[], transfer?: readonly object[]): void {
    let posted = this.#posted;
    for (const { bytes } of entries) posted += bytes;
    const moved = transfer === undefined ? [] : transfer.filter((one) => !isShared(one));
    const value = this.kindred ? this.#batchOf(entries, posted, moved) : entries[0]?.posted;
    this.#blocked = !this.#transport.post(value, moved);
    this.writes++;
    if (this.kindred) this.#posted = posted;
    for (const { ticket } of entries) if (ticket !== undefined) ticket.sent = true;
  }

  /** What was framed for it is moved, which is a tenth cheaper than to clone it. */
  #batchOf(entries: readonly Entry[], posted: number, moved: object[]): Batch {
    const messages: Batch['messages'] = [];
    const bytes: number[] = [];
    let together: Encoded[] = [];
    const frame = (): void => {
      if (together.length === 0) return;
      const framed = joinBytes((this.#binary as Codec).frame(together) as Uint8Array[]);
      together = [];
      messages.push(framed);
      moved.push(framed.buffer);
      bytes.push(framed.length);
    };
    for (const entry of entries) {
      if (entry.encoded !== undefined) together.push(entry.encoded);
      else {
        frame();
        messages.push(entry.posted as Message);
        bytes.push(entry.bytes);
      }
    }
    frame();
    const isMuch = (posted - this.#taken) * 2 >= this.#options.limits.maxBufferedBytes;
    return isMuch ? { messages, bytes, asks: posted } : { messages, bytes };
  }

  #tellRoom(): void {
    if (!this.#wasFull || this.#load * 2 >= this.#options.limits.maxBufferedBytes) return;
    this.#wasFull = false;
    this.#receiver?.drained();
  }

  #onValue(value: unknown): void {
    if (this.#closing !== undefined) return;
    try {
      // Also while nothing is taken here: what goes the other way must not wait for it.
      if (this.kindred && this.#onTaken(value as Partial<Taken>)) return;
      if (this.#paused) {
        // Another Kindred waits for the word that it was taken; whoever else sends on is not held back by anything.
        if (this.kindred || this.#mayHold(value)) this.#held.push(value);
        return;
      }
      this.#take(value);
    } catch (thrown) {
      const error =
        thrown instanceof KindredError
          ? thrown
          : new KindredError('ERR_INTERNAL', 'a message could not be handled', { cause: thrown });
      void this.close(error);
    }
  }

  /** One value may always be held; more, as long as all of them are within their bounds. False: the channel is given up. */
  #mayHold(value: unknown): boolean {
    const { maxBufferedBytes } = this.#options.limits;
    this.#heldBytes += sizeOf(value);
    const { length } = this.#held;
    if (length === 0 || (length < maxHeld && this.#heldBytes <= maxBufferedBytes)) return true;
    const many = `${length} messages that nobody took, the next being too much: at most ${maxHeld}, or maxBufferedBytes (${maxBufferedBytes})`;
    this.destroy({
      kind: 'broken',
      error: new KindredError('ERR_LIMIT', `${this.#transport.name} sent ${many}`),
    });
    return false;
  }

  #take(value: unknown): void {
    const { form } = this.#options;
    if (form === 'plain') {
      this.#receiver?.message({ kind: 'plain', value }, this.#measure(value));
      return;
    }
    if (this.#jsonRpc !== undefined) {
      this.#jsonRpc.decode(value, sizeOf(value), (message, bytes) => this.#receiver?.message(message, bytes));
      return;
    }
    const { messages, bytes, asks } = (value ?? {}) as Partial<Batch>;
    const isBatch = Array.isArray(messages) && Array.isArray(bytes) && bytes.every(isCount);
    if (!isBatch || messages.length !== bytes.length || (asks !== undefined && !isCount(asks)))
      throw new KindredError('ERR_PROTOCOL', 'a value arrived that is no batch of messages');
    for (const [i, posted] of messages.entries()) {
      if (posted instanceof Uint8Array) this.#binary?.push(posted);
      else {
        const message = checkMessage(posted);
        if (message.kind === 'hello') {
          checkVersion(message.hello);
          this.remote = message.hello;
          this.#ready();
        } else this.#receiver?.message(message, bytes[i] as number);
      }
      if (this.#closing !== undefined) return;
    }
    if (asks !== undefined) this.#transport.post({ taken: asks } satisfies Taken);
  }

  #onTaken(value: Partial<Taken> | null): boolean {
    const taken: unknown = value?.taken;
    if (taken === undefined) return false;
    // More than was posted, or less than before, would leave what waits without its bound.
    if (!isCount(taken) || taken > this.#posted || taken < this.#taken)
      throw new KindredError('ERR_PROTOCOL', 'the other end says that it took what was not posted to it');
    this.#taken = taken;
    this.#tellRoom();
    return true;
  }

  #tellError({ code, message }: KindredError): void {
    if (this.#options.form === 'plain') return;
    const error = { code: rpcCodes.invalidRequest, message, data: { code } };
    try {
      this.send({ kind: 'error', id: null, error });
    } catch {
      // An error that cannot be told must not hide the one that closes the channel.
    }
  }

  #ready(): void {
    if (this.#readyTold || this.state === 'closed') return;
    this.#readyTold = true;
    this.#receiver?.ready();
  }

  #drop(): void {
    this.#waiting = [];
    this.#bytes = 0;
    for (const run of this.#handedOver.splice(0)) run();
  }

  #onClose(error: Error | undefined): void {
    if (this.state === 'closed') return;
    if (this.#paused && this.#held.length > 0 && this.#closing === undefined) {
      this.#transportClosed = { error };
      return;
    }
    this.state = 'closed';
    this.#lingerTimer?.cancel();
    this.#drop();
    const reason: CloseReason =
      this.#closing ??
      (error === undefined
        ? { kind: 'ended' }
        : {
            kind: 'lost',
            error: new KindredError('ERR_PEER_GONE', `the connection (${this.#transport.name}) was cut off`, {
              cause: error,
            }),
          });
    this.#resolveClosed(reason);
    if (reason.kind === 'ended') this.#receiver?.ended();
    this.#receiver?.closed(reason);
  }
}

function tooLarge(bytes: number, most: number): KindredError {
  return new KindredError('ERR_LIMIT', `a message of ${bytes} bytes is above maxMessageBytes (${most})`);
}
