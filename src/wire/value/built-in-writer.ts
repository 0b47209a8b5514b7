/** The language's own types to bytes: dates, maps, bytes, errors and so on. `tags.ts` has the table. */
import { KindredError } from '../../base/errors.ts';
import type { Arena } from './arena.ts';
import type { BuiltIn } from './built-in.ts';
import {
  errorClassOf,
  errorFlags,
  errorOwn,
  kindredErrorFlags,
  kindredErrorName,
  outcomes,
} from './error-parts.ts';
import type { Step } from './path.ts';
import * as tag from './tags.ts';
import { viewBytes, viewKind } from './views.ts';

/** Byte arrays of at least this size are not copied: the caller leaves them alone until they are written. */
export const uncopiedBytes: number = 16 * 1024;

/** What is needed of the writer of all values. */
export interface ElementWriter {
  readonly arena: Arena;
  /** The steps to the value that is being written; whoever writes a member sets `steps[depth]`. */
  readonly steps: Step[];
  /** Checks that a container may stand in `depth` others. */
  enter(depth: number): void;
  write(value: unknown, depth: number): void;
  string(value: string): void;
  byte(byte: number): void;
  count(count: number): void;
  /** A tag and a count. */
  tagged(byte: number, count: number): void;
  /** Eight bytes. */
  double(value: number): void;
}

/** Writes an object that stands in `depth` containers and has not been written in this message. */
export function writeBuiltIn(writer: ElementWriter, is: BuiltIn, value: object, depth: number): void {
  switch (is) {
    case 'view':
      writeView(writer, value as ArrayBufferView);
      return;
    case 'ArrayBuffer':
      writer.tagged(tag.BUFFER, (value as ArrayBuffer).byteLength);
      writeBytes(writer, new Uint8Array(value as ArrayBuffer));
      return;
    case 'Date':
      writer.byte(tag.DATE);
      writer.double(Date.prototype.getTime.call(value));
      return;
    case 'RegExp':
      writer.byte(tag.REGEXP);
      writer.string((value as RegExp).source);
      writer.string((value as RegExp).flags);
      return;
    case 'URL':
      writer.byte(tag.URL);
      writer.string((value as URL).href);
      return;
    case 'Map':
      writeMap(writer, value as Map<unknown, unknown>, depth);
      return;
    case 'Set':
      writeSet(writer, value as Set<unknown>, depth);
      return;
    case 'Error':
      if (value instanceof KindredError) writeKindredError(writer, value, depth);
      else writeError(writer, value as Error, depth);
  }
}

function writeView(writer: ElementWriter, view: ArrayBufferView): void {
  const kind = viewKind(view);
  if (kind === 0) writer.tagged(tag.BYTES, view.byteLength);
  else {
    writer.byte(tag.VIEW);
    writer.byte(kind);
    writer.count(view.byteLength);
  }
  writeBytes(writer, viewBytes(view, kind));
}

function writeBytes(writer: ElementWriter, bytes: Uint8Array): void {
  const { arena } = writer;
  // Shared or resizable memory could be another size by the time it is written.
  const steady = bytes.buffer instanceof ArrayBuffer && !bytes.buffer.resizable;
  if (bytes.length >= uncopiedBytes && steady) {
    arena.append(bytes);
    return;
  }
  arena.checkSize(bytes.length);
  arena.room(bytes.length);
  arena.bytes.set(bytes, arena.at);
  arena.at += bytes.length;
}

function writeMap(writer: ElementWriter, map: Map<unknown, unknown>, depth: number): void {
  writer.enter(depth);
  const entries = [...Map.prototype.entries.call(map)];
  writer.tagged(tag.MAP, entries.length);
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as [unknown, unknown];
    writer.steps[depth] = -1 - 2 * i;
    writer.write(entry[0], depth + 1);
    writer.steps[depth] = -2 - 2 * i;
    writer.write(entry[1], depth + 1);
  }
}

function writeSet(writer: ElementWriter, set: Set<unknown>, depth: number): void {
  writer.enter(depth);
  const members = [...Set.prototype.values.call(set)];
  writer.tagged(tag.SET, members.length);
  for (let i = 0; i < members.length; i++) {
    writer.steps[depth] = -1 - 2 * i;
    writer.write(members[i], depth + 1);
  }
}

function writeError(writer: ElementWriter, error: Error, depth: number): void {
  writer.enter(depth);
  const { kind, defaultName } = errorClassOf(error);
  const { name, message, cause, errors, properties } = errorOwn(error);
  writer.byte(tag.ERROR);
  writer.byte(kind);
  writer.byte(
    (name === defaultName ? 0 : errorFlags.name) |
      (cause === undefined ? 0 : errorFlags.cause) |
      (errors === undefined ? 0 : errorFlags.errors) |
      (properties.length === 0 ? 0 : errorFlags.properties),
  );
  writer.string(message);
  if (name !== defaultName) writer.string(name);
  if (cause !== undefined) writeMember(writer, 'cause', cause.value, depth);
  if (errors !== undefined) writeMember(writer, 'errors', errors.value, depth);
  if (properties.length === 0) return;
  writer.count(properties.length);
  for (const [key, value] of properties) {
    writer.string(key);
    writeMember(writer, key, value, depth);
  }
}

function writeKindredError(writer: ElementWriter, error: KindredError, depth: number): void {
  writer.enter(depth);
  writer.byte(tag.KINDRED_ERROR);
  writer.byte(
    outcomes.indexOf(error.outcome) |
      (error.retryable ? kindredErrorFlags.retryable : 0) |
      (error.name === kindredErrorName ? 0 : kindredErrorFlags.name) |
      ('cause' in error ? kindredErrorFlags.cause : 0) |
      (error.data === undefined ? 0 : kindredErrorFlags.data),
  );
  writer.string(error.code);
  writer.string(error.message);
  if (error.name !== kindredErrorName) writer.string(error.name);
  if ('cause' in error) writeMember(writer, 'cause', error.cause, depth);
  if (error.data !== undefined) writeMember(writer, 'data', error.data, depth);
}

function writeMember(writer: ElementWriter, name: string, value: unknown, depth: number): void {
  writer.steps[depth] = name;
  writer.write(value, depth + 1);
}
