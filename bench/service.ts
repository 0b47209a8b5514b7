/** What every server offers, whoever carries it. A module of functions, so that it can be hosted as it is. */
import { checkPayload, createNote, firstId, type Note, type Payload } from './payload.ts';

let notes = 0;
let block: Uint8Array | undefined;

export const chunkBytes: number = 64 * 1024;
const chunk = new Uint8Array(chunkBytes).fill(7);

export function echo<T extends Payload>(value: T): T {
  checkPayload(value);
  return value;
}

export function note(value: Note): void {
  checkPayload(value);
  notes++;
}

/** How many notes have arrived. */
export function total(): number {
  return notes;
}

export function bytes(data: Uint8Array): Uint8Array {
  return data;
}

/** A large result. The bytes are there from the first call on, so that later ones cost this end no time of their own. */
export function large(size: number): Uint8Array {
  if (block?.byteLength !== size) block = new Uint8Array(size).fill(7);
  return block;
}

/** Makes the bytes of `large` without sending them. */
export function prepare(size: number): number {
  return large(size).byteLength;
}

export async function* items(count: number): AsyncGenerator<Note> {
  for (let i = 0; i < count; i++) yield createNote(firstId + i);
}

/** `fresh`: each is memory of its own, so that what piles up weighs. */
export async function* chunks(count: number, fresh: boolean): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) yield fresh ? chunk.slice() : chunk;
}
