/**
 * JSON-RPC 2.0 as a stateful mapping between JSON values and messages, shared by the JSON dialects and by channels that
 * hand values over. What it remembers: the replies that open batches still wait for, one `$/meta`, and the calls whose
 * caller wants no answer any more.
 */
import { KindredError } from '../base/errors.ts';
import { createBatches } from './json-rpc-batch.ts';
import {
  type CancelNotice,
  type Envelope,
  envelopeOf,
  invalid,
  type MetaAhead,
  metaEnvelopeOf,
  readObject,
} from './json-rpc-message.ts';
import { type JsonText, jsonText } from './json-value.ts';
import type { Limits } from './limits.ts';
import type { CallId, Message } from './message.ts';
import { type Text, webText } from './text.ts';

export interface JsonRpcOptions {
  limits: Pick<Limits, 'maxMessageBytes' | 'maxDepth'>;
  /** Default `webText`. */
  text?: Text;
  /** Whether the other end may be a Kindred: only then is `$/meta` said in front of a call. Default: no. */
  mayBeKindred?: (() => boolean) | undefined;
  /** How a call is given up, in both directions. Default `$/cancelRequest`, which is always understood. */
  cancelAs?: CancelNotice | undefined;
}

export interface JsonRpcText extends JsonText {
  /** A notification that has to stand directly in front. */
  preface?: JsonText;
}

export interface JsonRpc {
  /**
   * Hands the messages of one JSON value to `sink`: none, one, or those of a batch, among which its bytes are shared.
   * `depth`: of the value, where that is known to be above `maxDepth`. Throws `ERR_LIMIT`.
   */
  decode(
    value: unknown,
    bytes: number,
    sink: (message: Message, bytes: number) => void,
    depth?: number,
  ): void;
  /**
   * The JSON text for the message; undefined where there is nothing to write now.
   * Throws `ERR_NOT_ENCODABLE` or `ERR_LIMIT`, and then has changed nothing.
   */
  encodeText(message: Message): JsonRpcText | undefined;
  /** The same as a value that shares nothing with the message, for transports that carry values. Never has a preface. */
  encode(message: Message): unknown;
}

/** The calls whose callers say with their cancel that they want no answer. */
interface Unwanted {
  heard(message: Message): void;
  /** Told of each reply: whether nobody wants it. */
  takes(id: CallId): boolean;
}

function createUnwanted(): Unwanted {
  /** The calls that are not answered, and whether their caller has given up. */
  const open = new Map<CallId, boolean>();
  return {
    heard(message) {
      if (message.kind === 'call') open.set(message.id, false);
      else if (message.kind === 'cancel' && open.has(message.id)) open.set(message.id, true);
    },
    takes(id) {
      const isUnwanted = open.get(id) === true;
      open.delete(id);
      return isUnwanted;
    },
  };
}

/** Levels around the values of the caller, at most: a batch, an envelope, its `params`. */
export const envelopeLevels = 3;
/** Members of a batch that are no requests: each is owed an error many times its size, so beyond this the stream ends. */
const maxInvalidInBatch = 1000;

export function createJsonRpc(options: JsonRpcOptions): JsonRpc {
  const { limits, text = webText, mayBeKindred = () => false, cancelAs } = options;
  const batches = createBatches(limits.maxMessageBytes);
  const unwanted = cancelAs === 'notifications/cancelled' ? createUnwanted() : undefined;
  let metaAhead: MetaAhead | undefined;

  /** One object of the other end, with the `$/meta` that came before it. */
  function read(value: unknown, depth: number): Message | undefined {
    const message = readObject(value, cancelAs);
    if (message === undefined) return undefined;
    if (depth > 0) checkDepth(message, depth);
    if (message.kind === 'meta') {
      metaAhead = message;
      return undefined;
    }
    unwanted?.heard(message);
    if (message.kind !== 'call' || metaAhead === undefined) return message;
    const { id, meta } = metaAhead;
    metaAhead = undefined;
    if (id === message.id) message.meta ??= meta;
    return message;
  }

  function checkDepth(message: Message | MetaAhead, depth: number): void {
    if (message.kind === 'invalid' || depth - (message.kind === 'result' ? 1 : 2) <= limits.maxDepth) return;
    throw tooDeep(limits.maxDepth);
  }

  function decodeBatch(
    values: readonly unknown[],
    bytes: number,
    sink: (message: Message, bytes: number) => void,
    depth: number,
  ): void {
    if (values.length === 0) {
      sink(invalid(null, 'a batch has at least one member'), bytes);
      return;
    }
    const messages: Message[] = [];
    const owed: CallId[] = [];
    let invalids = 0;
    for (const value of values) {
      const message = read(value, 0);
      if (message === undefined) continue;
      // Within the batch and the envelope of a result there is one level more than within those of arguments.
      if (
        message.kind === 'result' &&
        depth > limits.maxDepth + 2 &&
        isDeeper(message.value, limits.maxDepth)
      )
        throw tooDeep(limits.maxDepth);
      messages.push(message);
      const owes = message.kind === 'call' || (message.kind === 'invalid' && message.answers === undefined);
      if (owes) owed.push(message.id);
      if (message.kind === 'invalid' && ++invalids > maxInvalidInBatch)
        throw new KindredError(
          'ERR_PROTOCOL',
          `more than ${maxInvalidInBatch} members of a batch are no requests`,
        );
    }
    if (owed.length > 0) batches.open(owed);
    const share = Math.ceil(bytes / values.length);
    for (const message of messages) sink(message, share);
  }

  function write({ object, depth }: Envelope): JsonText {
    const said = jsonText(object, { root: '', limits, envelopeDepth: depth });
    const bytes = text.byteLength(said);
    if (bytes > limits.maxMessageBytes)
      throw new KindredError(
        'ERR_LIMIT',
        `a message of ${bytes} bytes is larger than maxMessageBytes (${limits.maxMessageBytes})`,
      );
    return { text: said, bytes };
  }

  function encodeText(message: Message): JsonRpcText | undefined {
    const envelope = envelopeOf(message, cancelAs);
    if (envelope === undefined) return undefined;
    const isReply = message.kind === 'result' || message.kind === 'error';
    // A batch waits for all its replies.
    if (isReply && unwanted?.takes(message.id) === true && !batches.awaits(message.id)) return undefined;
    const said = write(envelope);
    switch (message.kind) {
      case 'result':
      case 'error':
      case 'invalid':
        if (!batches.awaits(message.id)) return said;
        return batches.collect(message.id, said, message.kind === 'result' ? undefined : message.error);
      case 'call': {
        if (message.meta === undefined || !mayBeKindred()) return said;
        const meta = metaEnvelopeOf(message);
        return meta === undefined ? said : { ...said, preface: write(meta) };
      }
      default:
        return said;
    }
  }

  return {
    decode(value, bytes, sink, depth = 0) {
      if (Array.isArray(value)) {
        decodeBatch(value, bytes, sink, depth);
        return;
      }
      const message = read(value, depth);
      if (message !== undefined) sink(message, bytes);
    },
    encodeText,
    encode(message) {
      const said = encodeText(message);
      return said === undefined ? undefined : (JSON.parse(said.text) as unknown);
    },
  };
}

function tooDeep(maxDepth: number): KindredError {
  return new KindredError('ERR_LIMIT', `a value is deeper than maxDepth (${maxDepth})`);
}

/** Of a value that is not much deeper. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1));
}
