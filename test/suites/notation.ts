/**
 * Values that JSON cannot say, said in JSON: the notation of the vectors of the binary dialect, which README.md beside
 * them describes.
 */
import { type ErrorCode, KindredError, type Outcome } from '../../src/base/errors.ts';
import type { Message, Reference } from '../../src/wire/message.ts';
import { bytesOf, readFile, type Vector } from './vectors.ts';

export function readBinaryVectors(name: string): Vector[] {
  return readFile<Omit<Vector, 'bytes'> & { hex: string }>(name).map(({ hex, messages, ...others }) => ({
    ...others,
    bytes: bytesOf({ hex }),
    messages: messages.map((message) => fromNotation(message) as Message),
  }));
}

/** What stands in these tests for something that was lent. It may be offered as one, since it can be iterated over. */
export class Lent {
  readonly reference: Reference;

  constructor(kind: Reference['kind'], id: number) {
    this.reference = { kind, id };
  }

  [Symbol.asyncIterator](): never {
    throw new Error('nothing is lent in truth');
  }
}

/** The value that a piece of JSON says. */
export function fromNotation(written: unknown): unknown {
  return new Notation().read(written);
}

/** Makes a value of what a form says. `label` hears a container before its members are read: they may refer to it. */
type Form = (said: never, label: (value: unknown) => void) => unknown;

class Notation {
  readonly #labelled = new Map<string, unknown>();

  read(written: unknown, label: (value: unknown) => void = () => {}): unknown {
    if (typeof written !== 'object' || written === null) return written;
    if (Array.isArray(written))
      return this.#fill<unknown[], unknown>([], written, label, (array, member) => array.push(member));
    const [name = '', said] = Object.entries(written)[0] ?? [];
    if (!name.startsWith('$')) return this.#fillObject(Object.entries(written), label);
    const form = this.#forms[name];
    if (form === undefined) throw new Error(`there is no form ${name}`);
    const value = form(said as never, label);
    label(value);
    return value;
  }

  readonly #forms: Readonly<Record<string, Form>> = {
    $undefined: () => undefined,
    $number: (text: string) => Number(text),
    $bigint: (text: string) => BigInt(text),
    $utf16: (units: number[]) => String.fromCharCode(...units),
    $repeat: ([text, count]: [string, number]) => text.repeat(count),
    $array: ([count, value]: [number, unknown]) => new Array(count).fill(this.read(value)),
    $object: (pairs: [string, unknown][], label) => this.#fillObject(pairs, label),
    $date: (ms: number) => new Date(ms),
    $regexp: ([source, flags]: [string, string]) => new RegExp(source, flags),
    $url: (href: string) => new URL(href),
    $map: (pairs: [unknown, unknown][], label) =>
      this.#fill(new Map(), pairs, label, (map, [key, value]) => map.set(key, value)),
    $set: (members: unknown[], label) =>
      this.#fill(new Set(), members, label, (set, member) => set.add(member)),
    $bytes: (hex: string) => bytesOf({ hex }),
    $buffer: (hex: string) => bytesOf({ hex }).buffer,
    $view: ([type, hex]: [string, string]) => new (globalType(type))(bytesOf({ hex }).buffer),
    $error: (said: WrittenError, label) => this.#fillError(said, label),
    $kindredError: (said: WrittenKindredError, label) => this.#fillKindredError(said, label),
    $function: (id: number) => new Lent('function', id),
    $stream: (id: number) => new Lent('stream', id),
    $handle: (id: number) => new Lent('handle', id),
    $as: ([name, written]: [string, unknown]) =>
      this.read(written, (value) => this.#labelled.set(name, value)),
    $same: (name: string) => this.#labelled.get(name),
  };

  #fill<T, M>(
    container: T,
    written: readonly M[],
    label: (value: unknown) => void,
    add: (container: T, member: M) => unknown,
  ): T {
    label(container);
    for (const member of written) add(container, this.read(member) as M);
    return container;
  }

  #fillObject(pairs: readonly [string, unknown][], label: (value: unknown) => void): object {
    const object = {};
    label(object);
    for (const [name, written] of pairs) define(object, name, this.read(written), true);
    return object;
  }

  #fillError(said: WrittenError, label: (value: unknown) => void): Error {
    const type = globalType<Error>(said.class);
    const error = said.class === 'AggregateError' ? new type([], said.message) : new type(said.message);
    label(error);
    if (said.name !== undefined) define(error, 'name', said.name, false);
    if ('cause' in said) define(error, 'cause', this.read(said.cause), false);
    if ('errors' in said) define(error, 'errors', this.read(said.errors), false);
    for (const [name, written] of Object.entries(said.properties ?? {}))
      define(error, name, this.read(written), true);
    return error;
  }

  #fillKindredError(said: WrittenKindredError, label: (value: unknown) => void): KindredError {
    const { code, message, cause: _, data, ...others } = said;
    const error = new KindredError(code, message, { ...others, origin: 'remote' });
    label(error);
    if ('cause' in said) define(error, 'cause', this.read(said.cause), false);
    if (data !== undefined) define(error, 'data', this.read(data), true);
    return error;
  }
}

function globalType<T>(name: string): new (...args: unknown[]) => T {
  return (globalThis as unknown as Record<string, new (...args: unknown[]) => T>)[name] as never;
}

interface WrittenError {
  class: string;
  message: string;
  name?: string;
  cause?: unknown;
  errors?: unknown;
  properties?: Record<string, unknown>;
}

interface WrittenKindredError {
  code: ErrorCode;
  message: string;
  name?: string;
  outcome?: Outcome;
  retryable: boolean;
  cause?: unknown;
  data?: unknown;
}

function define(object: object, name: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(object, name, { value, enumerable, writable: true, configurable: true });
}
