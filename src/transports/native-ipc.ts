/**
 * Transports over Node's own IPC channel between a parent and its child.
 *
 * For plain messages, values are sent as they are. For calls the same channel looks like a flow of bytes, so that two
 * Kindreds agree on `binary` over it as over any other, while a child with nothing but `process.send` sees JSON-RPC
 * objects: each JSON line travels as the object that it says, binary frames travel as `{ "kindred:bytes": ... }`
 * (base64; bytes where the channel has `serialization: 'advanced'`).
 */
import { Buffer } from 'node:buffer';
import type { ChildProcess } from 'node:child_process';
import { KindredError } from '../base/errors.ts';
import type { ByteReceiver, ByteTransport, ValueReceiver, ValueTransport } from '../channel/transport.ts';
import type { Chunk } from '../wire/dialect.ts';

/** One end of the channel: a child seen from its parent, or `process` seen from the child. */
export type IpcEnd = ChildProcess | NodeJS.Process;

export type Serialization = 'json' | 'advanced';

const bytesKey = 'kindred:bytes';
/** Values that arrive before the transport is started are kept, but not without limit. */
const maxEarly = 10_000;
/** After the child's exit: how long what it had sent may take to arrive, in milliseconds. */
const lingerMs = 500;

export function createIpcValueTransport(end: IpcEnd, serialization: Serialization = 'json'): ValueTransport {
  return new IpcValues(new IpcLine(end), serialization);
}

export function createIpcByteTransport(end: IpcEnd, serialization: Serialization = 'json'): ByteTransport {
  return new IpcBytes(new IpcLine(end), serialization);
}

interface LineReceiver {
  value(value: unknown): void;
  drain(): void;
  close(error?: Error): void;
}

/** What both forms share: sending with back-pressure, and an end that comes once. */
class IpcLine {
  readonly name: string;
  readonly #end: IpcEnd;
  #receiver: LineReceiver | undefined;
  readonly #early: unknown[] = [];
  #unsent = 0;
  #blocked = false;
  #paused = false;
  #held: unknown[] = [];
  #flushing: (() => void)[] = [];
  #closed = false;
  #failure: Error | undefined;

  constructor(end: IpcEnd) {
    this.#end = end;
    this.name = end === process ? 'the parent process' : `process ${(end as ChildProcess).pid}`;
    // At once: Node.js would keep messages without limit until somebody listens, and a child that is gone says so only now.
    (end as ChildProcess).on('message', this.#onMessage);
    (end as ChildProcess).once('disconnect', this.#onDisconnect);
    if (end !== process) (end as ChildProcess).once('exit', this.#onExit);
  }

  start(receiver: LineReceiver): void {
    this.#receiver = receiver;
    process.nextTick(() => {
      for (const value of this.#early.splice(0)) this.#deliver(value);
      if (this.#end.connected !== true) this.#close();
    });
  }

  send(value: unknown): boolean {
    if (this.#closed || this.#end.connected !== true) return true;
    this.#unsent++;
    const taken = (this.#end as ChildProcess).send(value as object, (error) => {
      this.#unsent--;
      if (error !== null) this.#failure ??= error;
      if (this.#unsent > 0) return;
      for (const resolve of this.#flushing.splice(0)) resolve();
      if (!this.#blocked) return;
      this.#blocked = false;
      this.#receiver?.drain();
    });
    // False means that much is queued; the message is queued all the same.
    this.#blocked = !taken;
    return taken;
  }

  flushed(): Promise<void> {
    return this.#unsent === 0 || this.#closed
      ? Promise.resolve()
      : new Promise((resolve) => this.#flushing.push(resolve));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    while (this.#held.length > 0 && !this.#paused) this.#receiver?.value(this.#held.shift());
  }

  end(): void {
    void this.flushed().then(() => this.destroy());
  }

  destroy(): void {
    if (this.#end.connected === true) (this.#end as ChildProcess).disconnect();
    process.nextTick(() => this.#close());
  }

  ref(): void {
    (this.#end as ChildProcess).channel?.ref();
  }

  unref(): void {
    (this.#end as ChildProcess).channel?.unref();
  }

  readonly #onMessage = (value: unknown): void => this.#deliver(value);
  readonly #onDisconnect = (): void => this.#close();
  readonly #onExit = (): void => {
    setTimeout(() => this.#close(), lingerMs).unref();
  };

  #deliver(value: unknown): void {
    if (this.#closed) return;
    if (this.#receiver === undefined) {
      this.#early.push(value);
      if (this.#early.length > maxEarly) {
        this.#failure = new KindredError(
          'ERR_LIMIT',
          `${this.name} sent more than ${maxEarly} messages before anybody listened`,
        );
        this.destroy();
      }
    } else if (this.#paused) this.#held.push(value);
    else this.#receiver.value(value);
  }

  #close(): void {
    if (this.#closed || this.#receiver === undefined) return;
    this.resume();
    this.#closed = true;
    const end = this.#end as ChildProcess;
    end.off('message', this.#onMessage);
    end.off('disconnect', this.#onDisconnect);
    end.off('exit', this.#onExit);
    for (const resolve of this.#flushing.splice(0)) resolve();
    this.#receiver.close(this.#failure);
  }
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

  post(value: unknown): boolean {
    refuseReserved(value);
    if (value === undefined)
      throw new KindredError('ERR_NOT_ENCODABLE', 'undefined cannot be sent over native IPC: send null', {
        outcome: 'not-sent',
      });
    return this.#line.send(value);
  }

  flushed(): Promise<void> {
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
  const cmd: unknown =
    typeof value === 'object' && value !== null ? (value as { cmd?: unknown }).cmd : undefined;
  if (typeof cmd === 'string' && cmd.startsWith('NODE_'))
    throw new KindredError(
      'ERR_RESERVED_MESSAGE',
      `a message whose cmd is ${JSON.stringify(cmd)} is swallowed by Node.js: use another key or prefix`,
      {
        outcome: 'not-sent',
      },
    );
}

class IpcBytes implements ByteTransport {
  readonly form = 'bytes';
  readonly name: string;
  readonly #line: IpcLine;
  readonly #serialization: Serialization;

  constructor(line: IpcLine, serialization: Serialization) {
    this.#line = line;
    this.#serialization = serialization;
    this.name = line.name;
  }

  start(receiver: ByteReceiver): void {
    this.#line.start({
      value: (value) => receiver.data(bytesOf(value)),
      drain: () => receiver.drain(),
      close: (error) => {
        receiver.end();
        receiver.close(error);
      },
    });
  }

  write(chunks: readonly Chunk[]): boolean {
    let taken = true;
    const text = chunks.filter((chunk) => typeof chunk === 'string').join('');
    for (const line of text.split('\n')) if (line !== '') taken = this.#line.send(JSON.parse(line)) && taken;
    const bytes = chunks.filter((chunk) => typeof chunk !== 'string');
    if (bytes.length > 0) taken = this.#line.send({ [bytesKey]: this.#packed(bytes) }) && taken;
    return taken;
  }

  flushed(): Promise<void> {
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
    this.#line.destroy();
  }

  ref(): void {
    this.#line.ref();
  }

  unref(): void {
    this.#line.unref();
  }

  #packed(parts: readonly Uint8Array[]): string | Uint8Array {
    const whole = Buffer.concat(parts);
    return this.#serialization === 'advanced' ? whole : whole.toString('base64');
  }
}

function bytesOf(value: unknown): Uint8Array {
  const packed: unknown =
    typeof value === 'object' && value !== null ? (value as { [bytesKey]?: unknown })[bytesKey] : undefined;
  if (typeof packed === 'string') return Buffer.from(packed, 'base64');
  if (packed instanceof Uint8Array) return packed;
  return Buffer.from(`${JSON.stringify(value)}\n`);
}
