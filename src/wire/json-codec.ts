/**
 * What the three JSON dialects share: JSON texts become messages and messages JSON texts. How one text is told from
 * the next on the wire is the only thing that each of them adds.
 */
import { KindredError } from '../base/errors.ts';
import type { Chunk, Codec, CodecOptions, DialectName, Encoded } from './dialect.ts';
import { createJsonRpc, envelopeLevels, type JsonRpcText } from './json-rpc.ts';
import { jsonDepth } from './json-scan.ts';
import { type JsonText, jsonText } from './json-value.ts';
import { rpcCodes } from './message.ts';

/** What a dialect adds. */
export interface Framing {
  /** As `Codec.push`. */
  push(chunk: Uint8Array): Uint8Array | undefined;
  /** As `Codec.end`. */
  end(): void;
  /** The text as it stands on the wire. */
  dress(said: JsonText): JsonText;
}

/** Takes what the framing has found. */
export interface JsonIntake {
  /** A whole JSON text, and its bytes in this chunk. `depth`: where it is known. */
  text(text: string, chunk: Uint8Array, start: number, end: number, depth?: number): void;
  /** The same, not decoded yet. */
  bytes(chunk: Uint8Array, start: number, end: number, depth?: number): void;
  /** The error for a text of more than `maxMessageBytes`. */
  tooLarge(): KindredError;
  tooDeep(): KindredError;
}

export interface JsonCodecOptions {
  name: DialectName;
  /** What one text is called in errors. */
  unit: 'line' | 'body' | 'value';
  /** The next text can still be found behind one that is no JSON. */
  recovers: boolean;
  frame: (intake: JsonIntake) => Framing;
}

/** Texts are put together up to this length, so that many messages leave as one chunk and no string grows without end. */
const chunkLength = 1024 * 1024;

export function createJsonCodec(
  options: CodecOptions,
  { name, unit, recovers, frame }: JsonCodecOptions,
): Codec {
  const { mode, limits, text: utf8, sink, mayBeKindred, cancelAs } = options;
  const stray = unit === 'line' ? options.stray : undefined;
  const { maxMessageBytes, maxDepth } = limits;
  const jsonRpc = createJsonRpc({ limits, text: utf8, mayBeKindred, cancelAs });
  const deepest = mode === 'calls' ? maxDepth + envelopeLevels : maxDepth;

  let ending = false;

  /** What arrived is no JSON: the other end is told where the stream can go on, and cut off where it cannot. */
  function unreadable(why: string, bytes: number, text?: string): void {
    if (stray !== undefined && text !== undefined) {
      stray(text);
      return;
    }
    if (ending) throw new KindredError('ERR_PROTOCOL', `the stream ended in a ${unit} that is ${why}`);
    if (mode === 'plain' || !recovers) throw new KindredError('ERR_PROTOCOL', `a ${unit} is ${why}`);
    const message = `Parse error: the ${unit} is ${why}`;
    sink({ kind: 'invalid', id: null, error: { code: rpcCodes.parseError, message } }, bytes);
  }

  const intake: JsonIntake = {
    text(text, chunk, start, end, known) {
      const bytes = end - start;
      if (bytes > maxMessageBytes) throw intake.tooLarge();
      // A depth needs that many opening and closing brackets, so short texts need no look.
      const depth = known ?? (bytes > 2 * maxDepth ? jsonDepth(chunk.subarray(start, end)) : 0);
      if (depth > deepest) throw intake.tooDeep();
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        unreadable(`no JSON: ${JSON.stringify(text.slice(0, 40))}`, bytes, text);
        return;
      }
      if (mode === 'plain') sink({ kind: 'plain', value }, bytes);
      else if (stray === undefined) jsonRpc.decode(value, bytes, sink, depth);
      // A program that logs JSON by line.
      else
        jsonRpc.decode(
          value,
          bytes,
          (message, size) =>
            message.kind === 'invalid' && message.id === null && message.answers === undefined
              ? stray(text)
              : sink(message, size),
          depth,
        );
    },
    bytes(chunk, start, end, depth) {
      if (end - start > maxMessageBytes) throw intake.tooLarge();
      let text: string;
      try {
        text = utf8.decode(chunk, start, end);
      } catch {
        unreadable('no UTF-8', end - start);
        return;
      }
      intake.text(text, chunk, start, end, depth);
    },
    tooLarge: () =>
      new KindredError('ERR_LIMIT', `a ${unit} is larger than maxMessageBytes (${maxMessageBytes})`),
    tooDeep: () => new KindredError('ERR_LIMIT', `a ${unit} is deeper than maxDepth (${maxDepth})`),
  };
  const framing = frame(intake);

  let dead: { error: unknown } | undefined;
  /** A stream that broke once cannot be trusted again. */
  function alive<T>(run: () => T): T {
    if (dead !== undefined) throw dead.error;
    try {
      return run();
    } catch (error) {
      dead = { error };
      throw error;
    }
  }

  function say(message: Parameters<Codec['encode']>[0]): JsonRpcText | undefined {
    if (mode === 'calls') return jsonRpc.encodeText(message);
    if (message.kind !== 'plain') return undefined;
    const text = jsonText(message.value, { root: '', limits });
    const bytes = utf8.byteLength(text);
    if (bytes > maxMessageBytes)
      throw new KindredError(
        'ERR_LIMIT',
        `a message of ${bytes} bytes is larger than maxMessageBytes (${maxMessageBytes})`,
      );
    return { text, bytes };
  }

  return {
    name,
    push: (chunk) => alive(() => framing.push(chunk)),
    end() {
      ending = true;
      alive(() => framing.end());
    },
    encode(message) {
      const said = say(message);
      if (said === undefined) return undefined;
      const { text, bytes } = framing.dress(said);
      if (said.preface === undefined) return { chunks: [text], bytes };
      const preface = framing.dress(said.preface);
      return { chunks: [preface.text, text], bytes: preface.bytes + bytes };
    },
    frame: joinTexts,
  };
}

function joinTexts(batch: readonly Encoded[]): Chunk[] {
  if (batch.length === 1) return (batch[0] as Encoded).chunks;
  const chunks: Chunk[] = [];
  let joined = '';
  for (const { chunks: texts } of batch)
    for (const text of texts) {
      joined += text as string;
      if (joined.length < chunkLength) continue;
      chunks.push(joined);
      joined = '';
    }
  if (joined !== '') chunks.push(joined);
  return chunks;
}
