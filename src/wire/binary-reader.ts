/** Bytes of the binary dialect to messages: the fields of each kind, in their order. */
import { KindredError } from '../base/errors.ts';
import {
  ackFlag,
  ackLevels,
  allowedFlags,
  belongs,
  dataFlag,
  isFullStack,
  kinds,
  type MessageOptions,
  metaFlag,
  timeoutFlag,
} from './binary-kinds.ts';
import { isCount, isHello } from './check-message.ts';
import type {
  AckLevel,
  CallId,
  Hello,
  ImportReference,
  Message,
  MessageKind,
  Meta,
  Params,
  WireError,
} from './message.ts';
import { perText } from './text.ts';
import { ValueReader } from './value/value-reader.ts';

/** One reader of values serves all connections, since a message is read at once: as for writers, an idle one holds none. */
const readerFor = perText((text) => new ValueReader(text));

export class MessageReader {
  readonly #mode: 'calls' | 'plain';
  readonly #maxDepth: number;
  readonly #importReference: ImportReference | undefined;
  readonly #values: ValueReader;

  constructor({ mode, maxDepth, text }: MessageOptions, importReference: ImportReference | undefined) {
    this.#mode = mode;
    this.#maxDepth = maxDepth;
    this.#importReference = importReference;
    this.#values = readerFor(text);
  }

  /** The message with this head byte, whose fields are the bytes from `at` to `end`. */
  read(head: number, bytes: Uint8Array<ArrayBuffer>, at: number, end: number, owned: boolean): Message {
    const values = this.#values;
    const kind = kinds[head & 0x1f];
    const flags = head & 0xe0;
    if (kind === undefined || !belongs(kind, this.#mode) || (flags & ~(allowedFlags[kind] ?? 0)) !== 0)
      return values.wrong(`no message begins with the byte 0x${head.toString(16)} here`);
    values.begin(bytes, at, end, owned, this.#maxDepth, this.#importReference);
    try {
      const message = this.#fields(kind, flags);
      if (values.at !== end) values.wrong('a message is longer than its fields');
      return message;
    } catch (error) {
      if (error instanceof KindredError) throw error;
      if (isFullStack(error))
        throw new KindredError(
          'ERR_LIMIT',
          'a value is nested deeper than the stack has room for, whatever maxDepth says',
        );
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
        return { kind, stream: this.#id(), items: this.#count(), bytes: this.#count() };
      case 'ping':
        return { kind, id: this.#number() };
      case 'pong':
        return { kind, id: this.#number(), delayMs: this.#number() };
      case 'goaway':
        return { kind, lastId: this.#id(), reason: values.string() };
      case 'ack':
        return { kind, ...this.#ack() };
      case 'received':
        return { kind, bytes: this.#number() };
      case 'bye':
        return { kind };
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

  #count(): number {
    const count = this.#values.read(0);
    return isCount(count) ? count : this.#values.wrong('a count of items or bytes was expected');
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
    if (isHello(hello)) return hello;
    return this.#values.wrong('a hello says version, maxCalls and maxMessageBytes, all of them above 0');
  }
}

function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function isStringTag(byte: number): boolean {
  return (byte >= 0x40 && byte < 0x80) || byte === 0xc0 || byte === 0xc1;
}
