/**
 * A reader of bytes alone. What it has read is written and read again, and must come back as the same bytes; and a second
 * reader, to which the same bytes come in other chunks, must hear the same.
 */
import { isDeepStrictEqual } from 'node:util';
import { KindredError } from '../../src/base/errors.ts';
import { nodeText } from '../../src/transports/node-text.ts';
import { createBinaryCodec } from '../../src/wire/binary.ts';
import type { Codec, CodecOptions, DialectName } from '../../src/wire/dialect.ts';
import { createJsonConcatCodec } from '../../src/wire/json-concat.ts';
import { createJsonHeadersCodec } from '../../src/wire/json-headers.ts';
import { createJsonLinesCodec } from '../../src/wire/json-lines.ts';
import type { Message, Reference } from '../../src/wire/message.ts';
import { type Text, webText } from '../../src/wire/text.ts';
import type { Random } from '../stories/fixtures/random.ts';
import { Lent } from '../suites/notation.ts';
import { chunksOf } from './chunks.ts';
import { join } from './mutate.ts';
import { someLimits } from './peer-subject.ts';
import { checkThrown, Finding, type Subject } from './subject.ts';

const makers: Record<DialectName, (options: CodecOptions) => Codec> = {
  'json-lines': createJsonLinesCodec,
  'json-headers': createJsonHeadersCodec,
  'json-concat': createJsonConcatCodec,
  binary: createBinaryCodec,
};

export function createCodecSubject(
  dialect: DialectName,
  mode: CodecOptions['mode'],
  random: Random,
): Subject {
  const limits = someLimits(random);
  const text: Text = random.pick([nodeText, webText]);
  const open = (sink: CodecOptions['sink']): Codec =>
    makers[dialect]({
      mode,
      // What is written may be longer than what was read (`1e3` and `1000`), and an envelope deeper by its own levels.
      limits: { maxMessageBytes: limits.maxMessageBytes, maxDepth: limits.maxDepth },
      text,
      sink,
      importReference: ({ kind, id }: Reference) => new Lent(kind, id),
    });
  let heard: Message[] = [];
  let heardInPieces: Message[] = [];
  const listen = (into: () => Message[]): CodecOptions['sink'] => {
    return (message, bytes) => {
      if (!(bytes >= 0 && bytes <= limits.maxMessageBytes)) throw new Finding(`a message of ${bytes} bytes`);
      into().push(message);
    };
  };
  const whole = open(listen(() => heard));
  const inPieces = open(listen(() => heardInPieces));
  const usesRoom = random.int(3) === 0;
  let alive = true;

  /** Undefined: it goes on. Whatever else tells how it ended. */
  function outcomeOf(work: () => Uint8Array | undefined): string | undefined {
    try {
      // In JSON with a byte 0xFF at the start of a line the other end goes on in binary: nothing more is for this reader.
      return work() === undefined ? undefined : 'goes on in binary';
    } catch (thrown) {
      if (thrown instanceof Finding) throw thrown;
      checkThrown(thrown, 'the reader');
      return (thrown as KindredError).code;
    }
  }

  function push(codec: Codec, input: Uint8Array): Uint8Array | undefined {
    for (let at = 0; at < input.length; ) {
      const room = usesRoom ? codec.room?.() : undefined;
      const part = input.subarray(at, at + (room?.length ?? input.length));
      at += part.length;
      const chunk = room === undefined ? part.slice() : room.subarray(0, part.length);
      if (room !== undefined) room.set(part);
      const rest = codec.push(chunk);
      // Nobody may keep what is the transport's.
      if (room === undefined) chunk.fill(0xaa);
      if (rest !== undefined) return rest;
    }
    return undefined;
  }

  function pushPieces(codec: Codec, input: Uint8Array): Uint8Array | undefined {
    for (const chunk of chunksOf(input, random)) {
      const rest = push(codec, chunk);
      if (rest !== undefined) return rest;
    }
    return undefined;
  }

  function compare(first: string | undefined, second: string | undefined): void {
    if (first !== second)
      throw new Finding(
        `the same bytes in other chunks: ${second ?? 'it goes on'}, not ${first ?? 'it goes on'}`,
      );
    if (
      heard.length !== heardInPieces.length ||
      !isDeepStrictEqual(heard.map(meaningOf), heardInPieces.map(meaningOf))
    )
      throw new Finding('the same bytes in other chunks say something else', {
        cause: [heard, heardInPieces],
      });
    for (const message of heard) checkStable(message, open);
    alive = first === undefined;
  }

  return {
    get alive() {
      return alive;
    },
    feed(input) {
      [heard, heardInPieces] = [[], []];
      compare(
        outcomeOf(() => push(whole, input)),
        outcomeOf(() => pushPieces(inPieces, input)),
      );
    },
    async finish() {
      if (!alive) return;
      [heard, heardInPieces] = [[], []];
      const [first, second] = [whole, inPieces].map((codec) => outcomeOf(() => codec.end() as undefined));
      compare(first, second);
    },
  };
}

/** The words of an error may quote as much as there was in one piece. */
function meaningOf(message: Message): unknown {
  return message.kind === 'invalid' ? { ...message, error: message.error.code } : message;
}

const lend = (value: object): Reference | undefined => (value instanceof Lent ? value.reference : undefined);

function checkStable(message: Message, open: (sink: CodecOptions['sink']) => Codec): void {
  if (message.kind === 'invalid') return;
  const first = write(message, open);
  if (first === undefined) return;
  const again: Message[] = [];
  const reader = open((each) => again.push(each));
  reader.push(first.slice());
  reader.end();
  if (again.length !== 1)
    throw new Finding(`${message.kind} was written and read as ${again.length} messages`);
  const second = write(again[0] as Message, open);
  if (second === undefined || Buffer.compare(first, second) !== 0)
    throw new Finding(
      `${message.kind} changed when it was written and read: ${hexOf(first)} ${hexOf(second)}`,
    );
  if (reader.name === 'binary' && !isDeepStrictEqual(message, again[0]))
    throw new Finding(`${message.kind} is another when it was written and read: ${hexOf(first)}`);
}

/** Undefined: there is nothing to write for it, or what was read is above a limit once it is written in full. */
function write(message: Message, open: (sink: CodecOptions['sink']) => Codec): Uint8Array | undefined {
  const codec = open(() => {});
  try {
    const encoded = codec.encode(message, lend);
    return encoded === undefined
      ? undefined
      : join(...codec.frame([encoded]).map((chunk) => Buffer.from(chunk as string)));
  } catch (thrown) {
    // `1e999` is a number that JSON can read and cannot write.
    const mayBe = codec.name === 'binary' ? ['ERR_LIMIT'] : ['ERR_LIMIT', 'ERR_NOT_ENCODABLE'];
    const isTooDeep = thrown instanceof KindredError && thrown.message.includes('maxDepth');
    if (thrown instanceof KindredError && mayBe.includes(thrown.code) && !isTooDeep) return undefined;
    throw new Finding(`${message.kind} was read and cannot be written`, { cause: thrown });
  }
}

function hexOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? 'nothing' : Buffer.from(bytes).toString('hex').slice(0, 400);
}
