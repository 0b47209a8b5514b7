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
import { perText } from './text.ts';
import { Arena, headerBytes, type WrittenMessage } from './value/arena.ts';
import { ValueWriter } from './value/value-writer.ts';

/**
 * One writer of values serves all connections, one message after another: of ten thousand that are idle, each would
 * hold two KiB for its own. Another is made only where a value, while it is read, sends a message itself.
 */
const idleWritersFor = perText((): ValueWriter[] => []);

export class MessageWriter {
  readonly #options: MessageOptions;
  readonly #arena: Arena;
  readonly #idleWriters: ValueWriter[];
  #values: ValueWriter | undefined;

  constructor(options: MessageOptions) {
    this.#options = options;
    this.#arena = new Arena(options.maxMessageBytes);
    this.#idleWriters = idleWritersFor(options.text);
  }

  /** The message with a frame's header in front; undefined where there is no way to say it. */
  write(message: Message, exportReference: ExportReference | undefined): WrittenMessage | undefined {
    if (!belongs(message.kind, this.#options.mode)) return undefined;
    // A getter or a `toJSON` of a value may itself send a message: that one is written elsewhere.
    if (this.#values !== undefined) return new MessageWriter(this.#options).write(message, exportReference);
    const { text, maxDepth } = this.#options;
    const arena = this.#arena;
    const values = this.#idleWriters.pop() ?? new ValueWriter(text);
    this.#values = values;
    arena.begin();
    values.begin(arena, maxDepth, exportReference);
    let written: WrittenMessage | undefined;
    try {
      arena.room(headerBytes);
      const head = arena.at;
      arena.at += headerBytes;
      const { bytes } = arena;
      bytes[head] = 0;
      this.#fields(message, bytes, head, values);
      written = arena.finish();
      return written;
    } catch (error) {
      if (error instanceof KindredError) throw error;
      throw notWritten(error, message.kind, this.#options.maxDepth);
    } finally {
      if (written === undefined) arena.abandon();
      values.end();
      this.#idleWriters.push(values);
      this.#values = undefined;
    }
  }

  #fields(message: Message, headBytes: Uint8Array, head: number, values: ValueWriter): void {
    switch (message.kind) {
      case 'call': {
        headBytes[head] = kindNumbers.call | metaFlags(message.meta);
        writeId(values, message.id);
        if (typeof message.method === 'string') values.string(message.method);
        else values.number(message.method);
        values.params(message.params, 'params');
        writeMeta(values, message.meta);
        return;
      }
      case 'notify':
        headBytes[head] =
          kindNumbers.notify | metaFlags(message.meta) | (message.ack === undefined ? 0 : ackFlag);
        values.string(message.method);
        values.params(message.params, 'params');
        writeMeta(values, message.meta);
        writeAck(values, message.ack);
        return;
      case 'result':
        headBytes[head] = kindNumbers.result;
        writeId(values, message.id);
        values.value(message.value, 'result');
        return;
      case 'error':
        headBytes[head] = kindNumbers.error | errorFlags(message.error);
        writeId(values, message.id);
        writeError(values, message.error);
        return;
      case 'cancel':
        headBytes[head] = kindNumbers.cancel;
        writeId(values, message.id);
        return;
      case 'item':
        headBytes[head] = kindNumbers.item;
        writeId(values, message.stream);
        values.number(message.seq);
        values.value(message.value, 'item');
        return;
      case 'end':
      case 'stop':
        headBytes[head] = kindNumbers[message.kind];
        writeId(values, message.stream);
        return;
      case 'fail':
        headBytes[head] = kindNumbers.fail | errorFlags(message.error);
        writeId(values, message.stream);
        writeError(values, message.error);
        return;
      case 'credit':
        headBytes[head] = kindNumbers.credit;
        writeId(values, message.stream);
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
        writeId(values, message.lastId);
        values.string(message.reason);
        return;
      case 'ack':
        headBytes[head] = kindNumbers.ack;
        writeAck(values, message);
        return;
      case 'received':
        headBytes[head] = kindNumbers.received;
        values.number(message.bytes);
        return;
      case 'bye':
        headBytes[head] = kindNumbers.bye;
        return;
      case 'hello':
        headBytes[head] = kindNumbers.hello;
        values.value(message.hello, 'hello');
        return;
      case 'plain':
        headBytes[head] = kindNumbers.plain | (message.ack === undefined ? 0 : ackFlag);
        values.value(message.value, '');
        writeAck(values, message.ack);
        return;
      case 'invalid':
        // Not reached: `belongs` says no.
        return;
    }
  }
}

function writeId(values: ValueWriter, value: CallId): void {
  if (typeof value === 'number') values.number(value);
  else values.write(value, 0);
}

function writeMeta(values: ValueWriter, value: Meta | undefined): void {
  const flag = metaFlags(value);
  if (flag === timeoutFlag) values.number(value?.timeoutMs as number);
  else if (flag === metaFlag) values.value(value, 'meta');
}

function writeAck(values: ValueWriter, value: { id: number; level: AckLevel } | undefined): void {
  if (value === undefined) return;
  values.number(value.id);
  values.byte(ackLevels.indexOf(value.level));
}

function writeError(values: ValueWriter, value: WireError): void {
  values.number(value.code);
  values.string(value.message);
  if (value.data !== undefined) values.value(value.data, 'error.data');
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
