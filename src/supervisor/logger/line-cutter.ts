/**
 * Bytes as they come out of a stream, cut into whole lines. What has no newline yet is held; the bytes of a character are
 * never parted.
 */
import { Buffer, isUtf8 } from 'node:buffer';

/** Lines of one stream. `cut`: the last of them has not ended; only then the last byte is no newline. */
export interface Cut {
  bytes: Buffer;
  cut: boolean;
}

export const newline = 10;

export class LineCutter {
  readonly #limitBytes: number;
  #held: Buffer | undefined;

  /** At most so many bytes are held. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get heldBytes(): number {
    return this.#held?.length ?? 0;
  }

  /** How many bytes may be pushed at once. */
  get room(): number {
    return this.#limitBytes - this.heldBytes;
  }

  /** What is complete with these bytes, of which nothing is kept a hold of, or is too long to be held. */
  push(bytes: Buffer): Cut | undefined {
    const end = bytes.lastIndexOf(newline) + 1;
    if (end === 0) {
      this.#hold(bytes);
      return this.room > 0 ? undefined : this.cut();
    }
    const whole = this.#joined(bytes.subarray(0, end));
    this.#held = undefined;
    if (end < bytes.length) this.#hold(bytes.subarray(end));
    return { bytes: clean(whole), cut: false };
  }

  /** What is held, without its end; up to the last whole character, unless there is none. */
  cut(): Cut | undefined {
    const held = this.#held;
    if (held === undefined) return undefined;
    const end = lastWholeCharacter(held);
    const now = end === 0 ? held : held.subarray(0, end);
    this.#held = end === 0 || end === held.length ? undefined : Buffer.from(held.subarray(end));
    return { bytes: clean(now), cut: true };
  }

  #hold(bytes: Buffer): void {
    this.#held = this.#joined(bytes);
  }

  #joined(bytes: Buffer): Buffer {
    return this.#held === undefined ? Buffer.from(bytes) : Buffer.concat([this.#held, bytes]);
  }
}

/** Where a character begins at the end that is not all there; the length, where none does. */
function lastWholeCharacter(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const wants = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return wants > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** A log is text for every program that reads it, whatever a service writes. */
function clean(bytes: Buffer): Buffer {
  return isUtf8(bytes) ? bytes : Buffer.from(bytes.toString('utf8'));
}
