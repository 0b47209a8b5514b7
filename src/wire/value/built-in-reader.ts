/** Bytes to the language's own types: dates, maps, bytes, errors and so on. `tags.ts` has the table. */
import { type ErrorCode, errorCodes, KindredError } from '../../base/errors.ts';
import { errorFlags, kindredErrorFlags, kindredErrorName, makeError, outcomes } from './error-parts.ts';
import * as tag from './tags.ts';
import { makeView, viewElementBytes } from './views.ts';

/** What is needed of the reader of all values. */
export interface ElementReader {
  readonly bytes: Uint8Array<ArrayBuffer>;
  at: number;
  /** The bytes stay as they are: views of them may be given away. */
  readonly owned: boolean;
  read(depth: number): unknown;
  string(): string;
  byte(): number;
  count(): number;
  countOf(eachBytes: number): number;
  double(): number;
  need(count: number): void;
  enter(depth: number): void;
  /** Gives an object its number, before its members are read. */
  note<T extends object>(object: T): T;
  /** Gives it a property of its own, whatever its name. */
  defineOwn(object: object, name: string, value: unknown): void;
  wrong(what: string): never;
}

/** Reads what follows the tag of an object that stands in `depth` containers. */
export function readBuiltIn(reader: ElementReader, byte: number, depth: number): unknown {
  switch (byte) {
    case tag.BIGINT:
      return readBigInt(reader);
    case tag.NEGATIVE_BIGINT:
      return -readBigInt(reader);
    case tag.DATE:
      return reader.note(new Date(reader.double()));
    case tag.REGEXP:
      return readRegExp(reader);
    case tag.URL:
      return readUrl(reader);
    case tag.MAP:
      return readMap(reader, depth);
    case tag.SET:
      return readSet(reader, depth);
    case tag.BYTES:
      return reader.note(readBytes(reader, reader.countOf(1)));
    case tag.BUFFER:
      return reader.note(copyBytes(reader, reader.countOf(1)).buffer);
    case tag.VIEW:
      return readView(reader);
    case tag.ERROR:
      return readError(reader, depth);
    case tag.KINDRED_ERROR:
      return readKindredError(reader, depth);
    default:
      return reader.wrong(`no value begins with the byte 0x${byte.toString(16)}`);
  }
}

function readBigInt(reader: ElementReader): bigint {
  const size = reader.countOf(1);
  const { bytes, at } = reader;
  const digits: string[] = [];
  for (let i = size - 1; i >= 0; i--) digits.push((bytes[at + i] as number).toString(16).padStart(2, '0'));
  reader.at += size;
  if (size === 0) return 0n;
  try {
    return BigInt(`0x${digits.join('')}`);
  } catch {
    return reader.wrong(`a BigInt of ${size} bytes is more than this runtime can hold`);
  }
}

function readRegExp(reader: ElementReader): RegExp {
  const source = reader.string();
  const flags = reader.string();
  try {
    return reader.note(new RegExp(source, flags));
  } catch {
    return reader.wrong('a RegExp cannot be understood');
  }
}

function readUrl(reader: ElementReader): URL {
  const href = reader.string();
  try {
    return reader.note(new URL(href));
  } catch {
    return reader.wrong('a URL cannot be understood');
  }
}

function readMap(reader: ElementReader, depth: number): Map<unknown, unknown> {
  reader.enter(depth);
  const count = reader.countOf(2);
  const map = reader.note(new Map<unknown, unknown>());
  for (let i = 0; i < count; i++) {
    const key = reader.read(depth + 1);
    map.set(key, reader.read(depth + 1));
  }
  return map;
}

function readSet(reader: ElementReader, depth: number): Set<unknown> {
  reader.enter(depth);
  const count = reader.countOf(1);
  const set = reader.note(new Set<unknown>());
  for (let i = 0; i < count; i++) set.add(reader.read(depth + 1));
  return set;
}

/**
 * So many bytes: a view of the message where that keeps alive at most twice what is used of it, else a copy. A large
 * result that is mainly bytes is thus not copied, and a small array never holds a large message in memory.
 */
function readBytes(reader: ElementReader, size: number): Uint8Array<ArrayBuffer> {
  if (!reader.owned || 2 * size < reader.bytes.length) return copyBytes(reader, size);
  const view = reader.bytes.subarray(reader.at, reader.at + size);
  reader.at += size;
  return view;
}

function copyBytes(reader: ElementReader, size: number): Uint8Array<ArrayBuffer> {
  // Not `slice`, which on a Buffer would make another view.
  const copy = new Uint8Array(size);
  copy.set(reader.bytes.subarray(reader.at, reader.at + size));
  reader.at += size;
  return copy;
}

function readView(reader: ElementReader): ArrayBufferView {
  const kind = reader.byte();
  const elementBytes = viewElementBytes(kind);
  if (elementBytes === undefined) return reader.wrong(`there is no typed array of kind ${kind}`);
  const size = reader.countOf(1);
  if (size % elementBytes !== 0) reader.wrong('a typed array ends in the middle of an element');
  const aligned = (reader.bytes.byteOffset + reader.at) % elementBytes === 0;
  return reader.note(makeView(kind, aligned ? readBytes(reader, size) : copyBytes(reader, size)));
}

function readError(reader: ElementReader, depth: number): Error {
  reader.enter(depth);
  const kind = reader.byte();
  const flags = reader.byte();
  const message = reader.string();
  const error = makeError(kind, message);
  if (error === undefined || flags > 15) return reader.wrong('an error cannot be understood');
  const name = flags & errorFlags.name ? reader.string() : error.name;
  if (name !== error.name) define(error, 'name', name, false);
  withoutStack(reader.note(error));
  if (flags & errorFlags.cause) define(error, 'cause', reader.read(depth + 1), false);
  if (flags & errorFlags.errors) define(error, 'errors', reader.read(depth + 1), false);
  if (flags & errorFlags.properties)
    for (let left = reader.countOf(2); left > 0; left--)
      reader.defineOwn(error, reader.string(), reader.read(depth + 1));
  return error;
}

function readKindredError(reader: ElementReader, depth: number): KindredError {
  reader.enter(depth);
  const flags = reader.byte();
  if (flags > 63) reader.wrong('an error cannot be understood');
  const code = reader.string();
  const message = reader.string();
  const name = flags & kindredErrorFlags.name ? reader.string() : kindredErrorName;
  // A later version of the other end may have codes that are not known here.
  const known = Object.hasOwn(errorCodes, code);
  const outcome = outcomes[flags & 3];
  const error = new KindredError(
    known ? (code as ErrorCode) : 'ERR_REMOTE',
    known ? message : `${code}: ${message}`,
    {
      name,
      ...(outcome === undefined ? {} : { outcome }),
      retryable: (flags & kindredErrorFlags.retryable) !== 0,
      origin: 'remote',
    },
  );
  withoutStack(reader.note(error));
  if (flags & kindredErrorFlags.cause) define(error, 'cause', reader.read(depth + 1), false);
  if (flags & kindredErrorFlags.data) define(error, 'data', reader.read(depth + 1), true);
  return error;
}

/** The stack of the decoder would only mislead: the error arose elsewhere. */
function withoutStack(error: Error): void {
  define(error, 'stack', `${error.name}: ${error.message}`, false);
}

function define(object: object, name: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(object, name, { value, enumerable, writable: true, configurable: true });
}
