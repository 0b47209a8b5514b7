/**
 * What two ends say to each other about going on: as `resume` of their hellos, and of the hellos of a new connection on
 * which they go on. Those stand alone on their first line, so that nothing else need be read to know them.
 */
import { joinBytes } from '../base/join-bytes.ts';
import { isCount } from '../wire/check-message.ts';
import type { Hello } from '../wire/message.ts';
import type { Text } from '../wire/text.ts';
import type { Line } from './line.ts';

/** In a first hello: this end keeps what it has sent. */
export interface Offer {
  /** How long a lost connection is waited for, in milliseconds. */
  windowMs: number;
  /** So much of what was sent is kept at most: the other end acknowledges well before. */
  bytes: number;
  /** From the end that was dialled: what to say to come back. */
  session?: string;
}

/** In the hello of whoever comes back. */
export interface Return {
  session: string;
  /** Counts the tries of one session: a connection that was given up may arrive after the one that came behind it. */
  attempt: number;
  /** So many bytes have arrived there. */
  received: number;
}

/** A first line of more bytes is none of these. */
const maxLineBytes = 4096;
const newline = 0x0a;
const brace = 0x7b;
const noBytes: Uint8Array = new Uint8Array(0);

export function readOffer(words: unknown): Offer | undefined {
  const { windowMs, bytes, session } = fieldsOf(words);
  if (!isCount(windowMs) || !isCount(bytes)) return undefined;
  if (session === undefined) return { windowMs, bytes };
  return typeof session === 'string' ? { windowMs, bytes, session } : undefined;
}

export function readReturn(words: unknown): Return | undefined {
  const { session, attempt, received } = fieldsOf(words);
  return typeof session === 'string' && isCount(attempt) && isCount(received)
    ? { session, attempt, received }
    : undefined;
}

/** How much has arrived at the end that was come back to; undefined: it knows nothing of the session. */
export function readWelcome(words: unknown): number | undefined {
  const { received } = fieldsOf(words);
  return isCount(received) ? received : undefined;
}

/** The line that says it. */
export function helloLine(hello: Hello, resume: Return | { received: number } | undefined): string {
  const params = resume === undefined ? hello : { ...hello, resume };
  return `${JSON.stringify({ jsonrpc: '2.0', method: '$/hello', params })}\n`;
}

/** The hello on this line; undefined where it is something else. */
export function readHelloLine(bytes: Uint8Array, text: Text): Hello | undefined {
  try {
    const { method, params } = fieldsOf(JSON.parse(text.decode(bytes, 0, bytes.length)));
    return method === '$/hello' && typeof params === 'object' && params !== null
      ? (params as Hello)
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Waits for the first line, and holds what comes behind it. `done` hears the line with its end; or undefined where what
 * comes is no line that could be a hello, or its end comes first, or the wait is stopped by the function that this gives
 * back: then all that came is held.
 */
export function hearFirstLine(line: Line, done: (first: Uint8Array | undefined) => void): () => void {
  let read = noBytes;
  let isOver = false;
  const over = (first: Uint8Array | undefined, unread: Uint8Array): void => {
    if (isOver) return;
    isOver = true;
    line.hold(unread);
    done(first);
  };
  line.hear({
    data(chunk) {
      const from = read.length;
      read = joinBytes([read, chunk]);
      const end = read.indexOf(newline, from);
      if (read[0] !== brace || end >= maxLineBytes || (end < 0 && read.length > maxLineBytes))
        over(undefined, read);
      else if (end >= 0) over(read.subarray(0, end + 1), read.subarray(end + 1));
    },
    end() {
      over(undefined, read);
      line.tell((ear) => ear.end());
    },
    drain() {},
    close(error) {
      over(undefined, read);
      line.tell((ear) => ear.close(error));
    },
  });
  line.start();
  return () => over(undefined, read);
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
