/**
 * Transports over Node's own IPC channel between a parent and its child.
 *
 * For plain messages, values are sent as they are. For calls the same channel looks like a flow of bytes, so that two
 * Kindreds agree on `binary` over it as over any other, while a child with nothing but `process.send` sees JSON-RPC
 * objects: each JSON line travels as the object that it says, and from the first binary frame on bytes travel as
 * `{ "kindred:bytes": ... }` (base64; bytes where the channel has `serialization: 'advanced'`).
 *
 * Node.js cannot stop reading from this channel, so that a sender of bytes is held back by the receiver's word instead:
 * `{ "kindred:taken": N }` says that N more bytes were taken, and no more than a window of them is ever under way.
 */
import { Buffer } from 'node:buffer';
import type { Clock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import type { HandlePort } from '../channel/handle-port.ts';
import type { ByteReceiver, ByteTransport, ValueReceiver, ValueTransport } from '../channel/transport.ts';
import { isHandOverMessage } from '../handles/envelope.ts';
import { Passage } from '../handles/passage.ts';
import type { Chunk } from '../wire/dialect.ts';
import { jsonText } from '../wire/json-value.ts';
import type { Limits } from '../wire/limits.ts';
import { type IpcEnd, IpcLine } from './ipc-line.ts';

export type { IpcEnd };

/** As the channel was made with: `json` where Node.js was told nothing else. */
export type Serialization = 'json' | 'advanced';

export function createIpcValueTransport(
  end: IpcEnd,
  serialization: Serialization = 'json',
  clock?: Clock,
): ValueTransport {
  return new IpcValues(new IpcLine(end, clock), serialization);
}

export function createIpcByteTransport(
  end: IpcEnd,
  serialization: Serialization = 'json',
  clock?: Clock,
): ByteTransport {
  return new IpcBytes(new IpcLine(end, clock), serialization, new Passage(end));
}

class IpcValues implements ValueTransport {
  readonly form = 'values';
  readonly transfer = false;
  readonly clone: 'json' | 'structured';
  readonly name: string;
  readonly #line: IpcLine;

  constructor(line: IpcLine, serialization: Serialization) {
    this.#line = line;
    this.name = line.name;
    this.clone = serialization === 'advanced' ? 'structured' : 'json';
  }

  start(receiver: ValueReceiver): void {
    this.#line.start(receiver);
  }

  /** Throws `ERR_NOT_ENCODABLE` for what would be dropped or bent on its way, and `ERR_RESERVED_MESSAGE`. */
  check(value: unknown, limits: Limits): void {
    if (value === undefined) throw notEncodable('undefined cannot be sent over native IPC: send null');
    // What the channel's own JSON.stringify would leave out without a word is refused with its path.
    if (this.clone === 'json') refuseReserved(JSON.parse(jsonText(value, { root: 'message', limits })));
    else refuseReserved(value);
  }

  post(value: unknown): boolean {
    try {
      return this.#line.send(value);
    } catch (cause) {
      throw notEncodable(`a value cannot be sent over native IPC: ${(cause as Error).message}`, cause);
    }
  }

  flushed(): Promise<boolean> {
    return this.#line.flushed();
  }

  end(): void {
    this.#line.end();
  }

  destroy(): void {
    this.#line.destroy();
  }

  ref(): void {
    this.#line.ref();
  }

  unref(): void {
    this.#line.unref();
  }
}

/** Node.js takes `{ cmd: 'NODE_...' }` for itself: it would be reported as sent and never be seen (measured). */
function refuseReserved(value: unknown): void {
  if (isHandOverMessage(value))
    throw new KindredError(
      'ERR_RESERVED_MESSAGE',
      'a message with the key "kindred:handle" or "kindred:passed" would be taken for one about a handle: use another key',
      { outcome: 'not-sent' },
    );
  const cmd: unknown =
    typeof value === 'object' && value !== null ? (value as { cmd?: unknown }).cmd : undefined;
  if (typeof cmd === 'string' && cmd.startsWith('NODE_') && cmd !== 'NODE_')
    throw new KindredError(
      'ERR_RESERVED_MESSAGE',
      `a message whose cmd is ${JSON.stringify(cmd)} is swallowed by Node.js: use another key or prefix`,
      { outcome: 'not-sent' },
    );
}

function notEncodable(message: string, cause?: unknown): KindredError {
  return new KindredError('ERR_NOT_ENCODABLE', message, {
    outcome: 'not-sent',
    ...(cause === undefined ? {} : { cause }),
  });
}

const bytesKey = 'kindred:bytes';
const takenKey = 'kindred:taken';
/** Bytes under way that the other end has not yet said to have taken. */
const windowBytes = 1024 * 1024;
const tellAfterBytes = windowBytes / 4;

class IpcBytes implements ByteTransport {
  readonly form = 'bytes';
  readonly name: string;
  readonly handles: HandlePort;
  readonly #passage: Passage;
  readonly #line: IpcLine;
  readonly #serialization: Serialization;
  #receiver: ByteReceiver | undefined;
  #left = false;
  /** Of one write, until its end or its first bytes. */
  #text = '';
  /** From the first bytes, or the first text that is no line of JSON: all that is written goes as bytes. */
  #binary = false;
  #underWay = 0;
  #taken = 0;
  /** `write` returned false: the line has not drained, or the window is full. */
  #lineBlocked = false;
  #windowFull = false;

  constructor(line: IpcLine, serialization: Serialization, passage: Passage) {
    this.#line = line;
    this.#serialization = serialization;
    this.#passage = passage;
    this.handles = passage;
    this.name = line.name;
  }

  start(receiver: ByteReceiver): void {
    this.#receiver = receiver;
    this.#line.start({
      control: (value) => this.#onControl(value),
      value: (value) => this.#onValue(value),
      drain: () => {
        this.#lineBlocked = false;
        this.#unblock(true);
      },
      close: (error) => {
        // Whoever hears of it finds every handle either here or there.
        this.#passage.close();
        if (!this.#left && error === undefined) receiver.end();
        receiver.close(error);
      },
    });
  }

  write(chunks: readonly Chunk[]): boolean {
    if (!this.#line.isOpen) return false;
    const bytes: Uint8Array[] = [];
    for (const chunk of chunks) {
      if (this.#binary) bytes.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
      else if (typeof chunk === 'string') this.#text += chunk;
      else {
        this.#sendLines();
        this.#binary = true;
        bytes.push(chunk);
      }
    }
    if (!this.#binary) this.#sendLines();
    if (bytes.length > 0) this.#sendBytes(bytes);
    return !this.#lineBlocked && !this.#windowFull;
  }

  flushed(): Promise<boolean> {
    return this.#line.flushed();
  }

  pause(): void {
    this.#line.pause();
  }

  resume(): void {
    this.#line.resume();
  }

  end(): void {
    this.#line.end();
  }

  destroy(): void {
    this.#left = true;
    this.#passage.close();
    this.#line.destroy();
  }

  ref(): void {
    this.#line.ref();
  }

  unref(): void {
    this.#line.unref();
  }

  #sendLines(): void {
    const text = this.#text;
    this.#text = '';
    for (let at = 0; at < text.length; ) {
      const end = text.indexOf('\n', at);
      const value = end === -1 ? undefined : parse(text.slice(at, end));
      if (value === undefined) {
        // No line of JSON: another dialect. It goes as bytes from here on.
        this.#binary = true;
        this.#sendBytes([Buffer.from(text.slice(at))]);
        return;
      }
      this.#send(value);
      at = end + 1;
    }
  }

  #sendBytes(parts: readonly Uint8Array[]): void {
    const whole = parts.length === 1 ? Buffer.from(parts[0] as Uint8Array) : Buffer.concat(parts);
    this.#underWay += whole.length;
    if (this.#underWay >= windowBytes) this.#windowFull = true;
    this.#send({ [bytesKey]: this.#serialization === 'advanced' ? whole : whole.toString('base64') });
  }

  #send(value: unknown): void {
    if (!this.#line.send(value)) this.#lineBlocked = true;
  }

  /** At once, also while paused: two ends that wait for each other's word would wait for ever. */
  #onControl(value: unknown): boolean {
    const taken = member(value, takenKey);
    if (typeof taken !== 'number') return false;
    // Never more than was sent: the window would be none.
    if (taken > 0) this.#underWay = Math.max(0, this.#underWay - taken);
    if (this.#underWay * 2 <= windowBytes) this.#unblock(this.#windowFull);
    return true;
  }

  #onValue(value: unknown): void {
    if (this.#onControl(value)) return;
    const packed = member(value, bytesKey);
    const bytes = typeof packed === 'string' ? Buffer.from(packed, 'base64') : packed;
    if (!(bytes instanceof Uint8Array)) {
      this.#receiver?.data(Buffer.from(lineOf(value)));
      return;
    }
    this.#receiver?.data(bytes);
    this.#taken += bytes.length;
    if (this.#taken < tellAfterBytes) return;
    if (!this.#line.send({ [takenKey]: this.#taken }, false)) this.#lineBlocked = true;
    this.#taken = 0;
  }

  #unblock(wasBlocked: boolean): void {
    if (this.#underWay * 2 <= windowBytes) this.#windowFull = false;
    if (wasBlocked && !this.#lineBlocked && !this.#windowFull) this.#receiver?.drain();
  }
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** What JSON cannot say (a BigInt, over a channel with `serialization: 'advanced'`) is no request; so the dialect hears of none. */
function lineOf(value: unknown): string {
  try {
    return `${JSON.stringify(value) ?? 'null'}\n`;
  } catch {
    return 'null\n';
  }
}
