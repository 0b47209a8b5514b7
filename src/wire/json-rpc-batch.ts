/**
 * The replies to JSON-RPC batches, held until the last one of each is there: they leave as one array.
 *
 * What is held is bounded: all open batches together by `maxMessageBytes`, beyond which results are refused (and rpc
 * answers with an error instead) and errors are shortened to their code.
 */
import { KindredError } from '../base/errors.ts';
import type { JsonText } from './json-value.ts';
import type { CallId, WireError } from './message.ts';

export interface Batches {
  /** A batch arrived in which so many members are owed a reply. */
  open(ids: readonly CallId[]): void;
  /** Whether a reply with this id belongs to an open batch. */
  awaits(id: CallId): boolean;
  /**
   * Takes the reply. The whole array where it was the last one, undefined otherwise.
   * Throws `ERR_LIMIT` for a result for which there is no room, and then has changed nothing.
   */
  collect(id: CallId, reply: JsonText, error: WireError | undefined): JsonText | undefined;
}

interface Batch {
  missing: number;
  replies: string[];
  /** Bytes of the replies, each with the comma or bracket behind it. */
  bytes: number;
}

export function createBatches(maxMessageBytes: number): Batches {
  /** Batches that wait for a reply with this id; more than one only where the other end uses an id twice. */
  const awaited = new Map<CallId, Batch[]>();
  let heldBytes = 0;

  function nextBatch(id: CallId): Batch {
    const batches = awaited.get(id) as Batch[];
    const batch = batches.shift() as Batch;
    if (batches.length === 0) awaited.delete(id);
    return batch;
  }

  return {
    open(ids) {
      const batch: Batch = { missing: ids.length, replies: [], bytes: 0 };
      for (const id of ids) {
        const others = awaited.get(id);
        if (others === undefined) awaited.set(id, [batch]);
        else others.push(batch);
      }
    },
    awaits: (id) => awaited.size > 0 && awaited.has(id),
    collect(id, whole, error) {
      let reply = whole;
      if (heldBytes + whole.bytes + 2 > maxMessageBytes) {
        if (error === undefined)
          throw new KindredError(
            'ERR_LIMIT',
            `the replies of a batch are together larger than maxMessageBytes (${maxMessageBytes})`,
          );
        reply = bareError(id, error.code);
      }
      const batch = nextBatch(id);
      batch.replies.push(reply.text);
      batch.bytes += reply.bytes + 1;
      heldBytes += reply.bytes + 1;
      batch.missing--;
      if (batch.missing > 0) return undefined;
      heldBytes -= batch.bytes;
      return { text: `[${batch.replies.join(',')}]`, bytes: batch.bytes + 1 };
    },
  };
}

/** The error without its words. */
function bareError(id: CallId, code: number): JsonText {
  const text = `{"jsonrpc":"2.0","id":${asciiJson(id)},"error":{"code":${code},"message":"too large"}}`;
  return { text, bytes: text.length };
}

/** JSON in ASCII alone, so that its length is its size. */
function asciiJson(id: CallId): string {
  return JSON.stringify(id).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
