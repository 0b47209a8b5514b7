/**
 * Messages in the binary dialect: the fields of each kind, in their order. The head byte says the kind in its lower
 * five bits, and in the upper three which optional fields are there. PROTOCOL.md has the table.
 */
import { KindredError } from '../base/errors.ts';
import type {
  AckLevel,
  CallId,
  ExportReference,
  Hello,
  ImportReference,
  Message,
  MessageKind,
  Meta,
  Params,
  WireError,
} from './message.ts';
import type { Text } from './text.ts';
import { Arena, headerBytes, type WrittenMessage } from './value/arena.ts';
import { ValueReader } from './value/value-reader.ts';
import { ValueWriter } from './value/value-writer.ts';

/** The number of each kind on the wire. 30 and 31 are the frames of a message that was cut. */
const kindNumbers: Readonly<Record<Exclude<MessageKind, 'invalid'>, number>> = {
  call: 1,
  notify: 2,
  result: 3,
  error: 4,
  cancel: 5,
  item: 6,
  end: 7,
  fail: 8,
  credit: 9,
  stop: 10,
  ping: 11,
  pong: 12,
  goaway: 13,
  ack: 14,
  hello: 15,
  plain: 16,
};

/** Optional fields of calls, notifications and plain messages; `dataFlag` is that of errors. */
const timeoutFlag = 0x20;
const metaFlag = 0x40;
const ackFlag = 0x80;
const dataFlag = 0x20;

const ackLevels: readonly AckLevel[] = ['received', 'handled'];
/** Kinds that a channel without calls knows. */
const plainKinds: ReadonlySet<MessageKind> = new Set(['plain', 'hello', 'ack', 'ping', 'pong', 'goaway']);

export interface MessageOptions {
  mode: 'calls' | 'plain';
  maxMessageBytes: number;
  maxDepth: number;
  text: Text;
}

/** Whether messages of this kind can be said where the mode is this. */
function belongs(kind: MessageKind, mode: 'calls' | 'plain'): boolean {
  return mode === 'plain' ? plainKinds.has(kind) : kind !== 'plain' && kind !== 'invalid';
}

export class MessageWriter {
  readonly #options: MessageOptions;
  readonly #arena: Arena;
  readonly #values: ValueWriter;
  #busy = false;

  constructor(options: MessageOptions) {
    this.#options = options;
    this.#arena = new Arena(options.maxMessageBytes);
    this.#values = new ValueWriter(this.#arena, options.text, options.maxDepth);
  }

  /** The message with a frame's header in front; undefined where there is no way to say it. */
  write(message: Message, exportReference: ExportReference | undefined): WrittenMessage | undefined {
    if (!belongs(message.kind, this.#options.mode)) return undefined;
    // A getter or a `toJSON` of a value may itself send a message: that one is written elsewhere.
    if (this.#busy) return new MessageWriter(this.#options).write(message, exportReference);
    this.#busy = true;
    const arena = this.#arena;
    const values = this.#values;
    arena.begin();
    values.begin(exportReference);
    let written: WrittenMessage | undefined;
    try {
      arena.room(headerBytes);
      const head = arena.at;
      arena.at += headerBytes;
      const { bytes } = arena;
      bytes[head] = 0;
      this.#fields(message, bytes, head);
      written = arena.finish();
      return written;
    } catch (error) {
      if (error instanceof KindredError) throw error;
      throw notWritten(error, message.kind, this.#options.maxDepth);
    } finally {
      if (written === undefined) arena.abandon();
      values.end();
      this.#busy = false;
    }
  }

  #fields(message: Message, headBytes: Uint8Array, head: number): void {
    const values = this.#values;
    switch (message.kind) {
      case 'call': {
        headBytes[head] = kindNumbers.call | metaFlags(message.meta);
        this.#id(message.id);
        if (typeof message.method === 'string') values.string(message.method);
        else values.number(message.method);
        values.params(message.params, 'params');
        this.#meta(message.meta);
        return;
      }
      case 'notify':
        headBytes[head] =
          kindNumbers.notify | metaFlags(message.meta) | (message.ack === undefined ? 0 : ackFlag);
        values.string(message.method);
        values.params(message.params, 'params');
        this.#meta(message.meta);
        this.#ack(message.ack);
        return;
      case 'result':
        headBytes[head] = kindNumbers.result;
        this.#id(message.id);
        values.value(message.value, 'result');
        return;
      case 'error':
        headBytes[head] = kindNumbers.error | errorFlags(message.error);
        this.#id(message.id);
        this.#error(message.error);
        return;
      case 'cancel':
        headBytes[head] = kindNumbers.cancel;
        this.#id(message.id);
        return;
      case 'item':
        headBytes[head] = kindNumbers.item;
        this.#id(message.stream);
        values.number(message.seq);
        values.value(message.value, 'item');
        return;
      case 'end':
      case 'stop':
        headBytes[head] = kindNumbers[message.kind];
        this.#id(message.stream);
        return;
      case 'fail':
        headBytes[head] = kindNumbers.fail | errorFlags(message.error);
        this.#id(message.stream);
        this.#error(message.error);
        return;
      case 'credit':
        headBytes[head] = kindNumbers.credit;
        this.#id(message.stream);
        values.number(message.items);
        values.number(message.bytes);
        return;
      case 'ping':
        headBytes[head] = kindNumbers.ping;
        values.number(message.id);
        return;
      case 'pong':
        headBytes[head] = kindNumbers.pong;
        values.number(message.id);
        values.number(message.delayMs);
        return;
      case 'goaway':
        headBytes[head] = kindNumbers.goaway;
        this.#id(message.lastId);
        values.string(message.reason);
        return;
      case 'ack':
        headBytes[head] = kindNumbers.ack;
        this.#ack(message);
        return;
      case 'hello':
        headBytes[head] = kindNumbers.hello;
        values.value(message.hello, 'hello');
        return;
      case 'plain':
        headBytes[head] = kindNumbers.plain | (message.ack === undefined ? 0 : ackFlag);
        values.value(message.value, '');
        this.#ack(message.ack);
        return;
      case 'invalid':
        // Not reached: `belongs` says no.
        return;
    }
  }

  #id(id: CallId): void {
    if (typeof id === 'number') this.#values.number(id);
    else this.#values.write(id, 0);
  }

  #meta(meta: Meta | undefined): void {
    const flag = metaFlags(meta);
    if (flag === timeoutFlag) this.#values.number(meta?.timeoutMs as number);
    else if (flag === metaFlag) this.#values.value(meta, 'meta');
  }

  #ack(ack: { id: number; level: AckLevel } | undefined): void {
    if (ack === undefined) return;
    this.#values.number(ack.id);
    this.#values.byte(ackLevels.indexOf(ack.level));
  }

  #error(error: WireError): void {
    this.#values.number(error.code);
    this.#values.string(error.message);
    if (error.data !== undefined) this.#values.value(error.data, 'error.data');
  }
}

function notWritten(cause: unknown, kind: MessageKind, maxDepth: number): KindredError {
  if (isFullStack(cause))
    return new KindredError(
      'ERR_LIMIT',
      `a value of the message (${kind}) is too deep for the stack, though maxDepth is ${maxDepth}`,
    );
  return new KindredError(
    'ERR_NOT_ENCODABLE',
    `a value of the message (${kind}) could not be read: it threw`,
    { cause },
  );
}

function isFullStack(error: unknown): boolean {
  return error instanceof RangeError && error.message.includes('call stack');
}

/** Most calls have a time and nothing else beside their arguments: that is said without a name. */
function metaFlags(meta: Meta | undefined): number {
  if (meta === undefined) return 0;
  let others = false;
  for (const name in meta) if (name !== 'timeoutMs') others = true;
  return !others && typeof meta.timeoutMs === 'number' ? timeoutFlag : metaFlag;
}

function errorFlags(error: WireError): number {
  return error.data === undefined ? 0 : dataFlag;
}

/** The kinds by their numbers. */
const kinds: readonly (keyof typeof kindNumbers | undefined)[] = Object.entries(kindNumbers).reduce<
  (keyof typeof kindNumbers | undefined)[]
>((list, [kind, number]) => {
  list[number] = kind as keyof typeof kindNumbers;
  return list;
}, []);

const allowedFlags: Readonly<Partial<Record<MessageKind, number>>> = {
  call: timeoutFlag | metaFlag,
  notify: timeoutFlag | metaFlag | ackFlag,
  error: dataFlag,
  fail: dataFlag,
  plain: ackFlag,
};

export class MessageReader {
  readonly #mode: 'calls' | 'plain';
  readonly #values: ValueReader;

  constructor(options: MessageOptions, importReference: ImportReference | undefined) {
    this.#mode = options.mode;
    this.#values = new ValueReader(options.text, options.maxDepth, importReference);
  }

  /** The message with this head byte, whose fields are the bytes from `at` to `end`. */
  read(head: number, bytes: Uint8Array<ArrayBuffer>, at: number, end: number, owned: boolean): Message {
    const values = this.#values;
    const kind = kinds[head & 0x1f];
    const flags = head & 0xe0;
    if (kind === undefined || !belongs(kind, this.#mode) || (flags & ~(allowedFlags[kind] ?? 0)) !== 0)
      return values.wrong(`no message begins with the byte 0x${head.toString(16)} here`);
    values.begin(bytes, at, end, owned);
    try {
      const message = this.#fields(kind, flags);
      if (values.at !== end) values.wrong('a message is longer than its fields');
      return message;
    } catch (error) {
      if (error instanceof KindredError) throw error;
      throw new KindredError('ERR_PROTOCOL', 'the other end sent a message that cannot be read', {
        cause: error,
      });
    } finally {
      values.finish();
    }
  }

  #fields(kind: Exclude<MessageKind, 'invalid'>, flags: number): Message {
    const values = this.#values;
    switch (kind) {
      case 'call': {
        const id = this.#id();
        const method = this.#method();
        const params = this.#params();
        if (flags === 0) return { kind, id, method, params };
        return { kind, id, method, params, meta: this.#meta(flags) };
      }
      case 'notify': {
        const method = values.name();
        const params = this.#params();
        if (flags === 0) return { kind, method, params };
        const message: Message = { kind, method, params };
        if ((flags & ~ackFlag) !== 0) message.meta = this.#meta(flags);
        if ((flags & ackFlag) !== 0) message.ack = this.#ack();
        return message;
      }
      case 'result':
        return { kind, id: this.#id(), value: values.read(0) };
      case 'error':
        return { kind, id: this.#id(), error: this.#error(flags) };
      case 'cancel':
        return { kind, id: this.#id() };
      case 'item':
        return { kind, stream: this.#id(), seq: this.#number(), value: values.read(0) };
      case 'end':
      case 'stop':
        return { kind, stream: this.#id() };
      case 'fail':
        return { kind, stream: this.#id(), error: this.#error(flags) };
      case 'credit':
        return { kind, stream: this.#id(), items: this.#number(), bytes: this.#number() };
      case 'ping':
        return { kind, id: this.#number() };
      case 'pong':
        return { kind, id: this.#number(), delayMs: this.#number() };
      case 'goaway':
        return { kind, lastId: this.#id(), reason: values.string() };
      case 'ack':
        return { kind, ...this.#ack() };
      case 'hello':
        return { kind, hello: this.#hello() };
      case 'plain': {
        const value = values.read(0);
        return (flags & ackFlag) === 0 ? { kind, value } : { kind, value, ack: this.#ack() };
      }
    }
  }

  #id(): CallId {
    const id = this.#values.read(0);
    if (typeof id === 'number' || typeof id === 'string' || id === null) return id;
    return this.#values.wrong('an id is a number, a string or null');
  }

  #number(): number {
    const number = this.#values.read(0);
    return typeof number === 'number' ? number : this.#values.wrong('a number was expected');
  }

  #method(): string | number {
    const values = this.#values;
    // A name begins with the tag of a string, as the number of a lent function does not.
    if (isStringTag(values.peek())) return values.name();
    return this.#number();
  }

  #params(): Params {
    const params = this.#values.params();
    if (Array.isArray(params) || isPlain(params)) return params as Params;
    return this.#values.wrong('arguments are an array or a plain object');
  }

  #meta(flags: number): Meta {
    if ((flags & timeoutFlag) !== 0 && (flags & metaFlag) !== 0)
      this.#values.wrong('a message has two metas');
    if ((flags & timeoutFlag) !== 0) return { timeoutMs: this.#number() };
    const meta = this.#values.read(0);
    return isPlain(meta) ? (meta as Meta) : this.#values.wrong('meta is a plain object');
  }

  #ack(): { id: number; level: AckLevel } {
    const id = this.#number();
    const level = ackLevels[this.#values.byte()];
    return level === undefined
      ? this.#values.wrong('there is no such level of acknowledgement')
      : { id, level };
  }

  #error(flags: number): WireError {
    const error: WireError = { code: this.#number(), message: this.#values.string() };
    if ((flags & dataFlag) !== 0) error.data = this.#values.read(0);
    return error;
  }

  #hello(): Hello {
    const hello = this.#values.read(0);
    if (!isPlain(hello)) return this.#values.wrong('a hello is a plain object');
    const { version, maxCalls, maxMessageBytes } = hello as Partial<Hello>;
    if ([version, maxCalls, maxMessageBytes].some((number) => typeof number !== 'number'))
      this.#values.wrong('a hello says version, maxCalls and maxMessageBytes');
    return hello as Hello;
  }
}

function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function isStringTag(byte: number): boolean {
  return (byte >= 0x40 && byte < 0x80) || byte === 0xc0 || byte === 0xc1;
}
