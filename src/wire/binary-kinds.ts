/**
 * The kinds of messages in the binary dialect. The head byte of a frame says the kind in its lower five bits, and in
 * the upper three which optional fields are there. PROTOCOL.md has the table.
 */
import type { AckLevel, MessageKind } from './message.ts';
import type { Text } from './text.ts';

export interface MessageOptions {
  mode: 'calls' | 'plain';
  maxMessageBytes: number;
  maxDepth: number;
  text: Text;
}

/** The number of each kind on the wire. 30 and 31 are the frames of a message that was cut. */
export const kindNumbers: Readonly<Record<Exclude<MessageKind, 'invalid'>, number>> = {
  call: 1,
  notify: 2,
  result: 3,
  error: 4,
  cancel: 5,
  item: 6,
  end: 7,
  fail: 8,
  credit: 9,
  stop: 10,
  ping: 11,
  pong: 12,
  goaway: 13,
  ack: 14,
  hello: 15,
  plain: 16,
  received: 17,
  bye: 18,
};

/** Optional fields of calls, notifications and plain messages; `dataFlag` is that of errors. */
export const timeoutFlag = 0x20;
export const metaFlag = 0x40;
export const ackFlag = 0x80;
export const dataFlag = 0x20;

export const ackLevels: readonly AckLevel[] = ['received', 'handled'];
/** Kinds that a channel without calls knows. */
const plainKinds: ReadonlySet<MessageKind> = new Set(['plain', 'hello', 'ack', 'ping', 'pong', 'goaway']);

/** A kind that can be said. */
export type SaidKind = keyof typeof kindNumbers;

/** The kinds by their numbers. */
export const kinds: readonly (SaidKind | undefined)[] = Array.from({ length: 32 }, (_, number) =>
  (Object.keys(kindNumbers) as SaidKind[]).find((kind) => kindNumbers[kind] === number),
);

/** The optional fields that a kind may have. */
export const allowedFlags: Readonly<Partial<Record<MessageKind, number>>> = {
  call: timeoutFlag | metaFlag,
  notify: timeoutFlag | metaFlag | ackFlag,
  error: dataFlag,
  fail: dataFlag,
  plain: ackFlag,
};

/** Whether messages of this kind can be said where the mode is this. */
export function belongs(kind: MessageKind, mode: 'calls' | 'plain'): boolean {
  return mode === 'plain' ? plainKinds.has(kind) : kind !== 'plain' && kind !== 'invalid';
}

/** Whether what was thrown says that no room is left on the stack. */
export function isFullStack(error: unknown): boolean {
  return error instanceof RangeError && error.message.includes('call stack');
}
