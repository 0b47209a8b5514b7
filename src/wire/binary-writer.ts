/** Messages to bytes of the binary dialect: the fields of each kind, in their order. */
import { KindredError } from '../base/errors.ts';
import {
  ackFlag,
  ackLevels,
  belongs,
  dataFlag,
  isFullStack,
  kindNumbers,
  type MessageOptions,
  metaFlag,
  timeoutFlag,
} from './binary-kinds.ts';
import type { AckLevel, CallId, ExportReference, Message, MessageKind, Meta, WireError } from './message.ts';
import { Arena, headerBytes, type WrittenMessage } from './value/arena.ts';
import { ValueWriter } from './value/value-writer.ts';

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
