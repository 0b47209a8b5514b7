/**
 * The answers to calls that may come twice, by the key that their caller has given them: a repeat is answered from here,
 * and its function does not run again. One for all peers of a server, because a repeat comes on another connection.
 *
 * ```
 *   (none) --first call--> running --settled--> kept --keepMs, or room is needed--> (none)
 *                             \--cancelled, or its result holds a stream--> (none)
 * ```
 * A repeat of what runs waits for it. There is no timer: what is too old goes when the next call with a key comes.
 */
import { type Clock, systemClock } from '../base/clock.ts';
import type { Meta } from '../wire/message.ts';
import type { Scope } from './scope.ts';
import { isSource } from './streams.ts';

/** The name in the meta of a call under which its key travels: whoever sees the same key and method again, from a caller of the same identity, has the same call before it. */
export const repeatKey = 'kindred/idempotencyKey';

export interface AnswerRecordOptions {
  /** How long an answer is kept, in milliseconds. Default 300,000: five minutes. */
  keepMs?: number | undefined;
  /** Answers that are kept; the oldest goes first. Default 10,000. */
  maxAnswers?: number | undefined;
  /** Bytes of all of them together, estimated; one that is larger than all the room is not kept. Default 16 MiB. */
  maxBytes?: number | undefined;
}

interface Entry {
  /** The function's own promise. */
  readonly answer: Promise<unknown>;
  readonly scope: Scope;
  bytes: number;
  /** When it is too old, on the clock. */
  until: number;
  /** It cannot be given twice: a repeat runs the function again. */
  isUnique: boolean;
}

const longestKey = 256;

export class AnswerRecord {
  readonly #keepMs: number;
  readonly #maxAnswers: number;
  readonly #maxBytes: number;
  readonly #clock: Clock;
  readonly #running = new Map<string, Entry>();
  /** The oldest first. */
  readonly #kept = new Map<string, Entry>();
  #bytes = 0;

  constructor(options: AnswerRecordOptions = {}, clock: Clock = systemClock) {
    const { keepMs = 300_000, maxAnswers = 10_000, maxBytes = 16 * 1024 * 1024 } = options;
    this.#keepMs = keepMs;
    this.#maxAnswers = maxAnswers;
    this.#maxBytes = maxBytes;
    this.#clock = clock;
  }

  /** What it keeps now. */
  get size(): { running: number; answers: number; bytes: number } {
    return { running: this.#running.size, answers: this.#kept.size, bytes: this.#bytes };
  }

  /** Runs what a call with a key asks for; gives a repeat of it the same answer. */
  once(key: string, method: string, scope: Scope, run: () => unknown): unknown {
    // Nobody gets the answer to another's call, whatever key he gives.
    const name = `${key} ${method} ${JSON.stringify(scope.peer.identity)}`;
    this.#makeRoom();
    const known = this.#running.get(name) ?? this.#kept.get(name);
    if (known !== undefined) return this.#again(known, scope, run);
    if (this.#running.size >= this.#maxAnswers) return run();
    const answer = (async () => run())();
    const entry: Entry = { answer, scope, bytes: 0, until: 0, isUnique: false };
    this.#running.set(name, entry);
    answer.then(
      (value) => this.#keep(name, entry, weigh(value, this.#maxBytes)),
      (error: unknown) => this.#keep(name, entry, weigh(error, this.#maxBytes) ?? unknownBytes),
    );
    return answer;
  }

  async #again(known: Entry, scope: Scope, run: () => unknown): Promise<unknown> {
    // Whoever gives up the repeat gives up the call.
    scope.onCancel((reason) => known.scope.cancel(reason));
    const value = await known.answer;
    return known.isUnique ? run() : value;
  }

  #keep(name: string, entry: Entry, bytes: number | undefined): void {
    this.#running.delete(name);
    entry.isUnique = bytes === undefined;
    if (bytes === undefined || bytes > this.#maxBytes || entry.scope.cancelled !== undefined) return;
    entry.bytes = bytes;
    entry.until = this.#clock.now() + this.#keepMs;
    this.#bytes += bytes;
    this.#kept.set(name, entry);
    this.#makeRoom();
  }

  #makeRoom(): void {
    const now = this.#clock.now();
    for (const [name, { until, bytes }] of this.#kept) {
      if (until > now && this.#kept.size <= this.#maxAnswers && this.#bytes <= this.#maxBytes) return;
      this.#kept.delete(name);
      this.#bytes -= bytes;
    }
  }
}

/** The key of a call; undefined where it has none, or one that is none. */
export function keyOf(meta: Meta | undefined): string | undefined {
  const key = meta?.[repeatKey];
  return typeof key === 'string' && key.length > 0 && key.length <= longestKey ? key : undefined;
}

/** Of what cannot be weighed. */
const unknownBytes = 1024;
/** What any value takes beside its contents. */
const ownBytes = 16;

/** About so many bytes; more than `most` where it has more. Undefined: it holds what cannot be given twice, as a stream. */
function weigh(root: unknown, most: number): number | undefined {
  const seen = new Set<object>();
  const left: unknown[] = [root];
  let bytes = 0;
  while (left.length > 0 && bytes <= most) {
    const value = left.pop();
    bytes += ownBytes;
    if (typeof value === 'string') bytes += 2 * value.length;
    if (typeof value === 'function') return undefined;
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    if (isSource(value)) return undefined;
    seen.add(value);
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) bytes += value.byteLength;
    else if (value instanceof Map) for (const [key, item] of value) left.push(key, item);
    else if (value instanceof Set) left.push(...value);
    else {
      if (value instanceof Error) left.push(value.message, value.stack, value.cause);
      for (const [key, item] of Object.entries(value)) {
        bytes += 2 * key.length;
        left.push(item);
      }
    }
  }
  return bytes;
}
