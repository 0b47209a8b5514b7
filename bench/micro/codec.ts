/** What a dialect does to one message: encode, frame (of a batch of 64), decode (of the bytes of such a batch). */
import { nodeText } from '../../src/transports/node-text.ts';
import { createBinaryCodec } from '../../src/wire/binary.ts';
import type { Chunk, Codec, CodecOptions, Encoded } from '../../src/wire/dialect.ts';
import { createJsonHeadersCodec } from '../../src/wire/json-headers.ts';
import { createJsonLinesCodec } from '../../src/wire/json-lines.ts';
import { defaultLimits } from '../../src/wire/limits.ts';
import type { Message } from '../../src/wire/message.ts';
import type { Benchmark } from '../micro.ts';
import { createNote, firstId, orders } from '../payload.ts';

const batch = 64;
const dialects: Record<string, (options: CodecOptions) => Codec> = {
  binary: createBinaryCodec,
  'json-lines': createJsonLinesCodec,
  'json-headers': createJsonHeadersCodec,
};

const order = orders(1024)(firstId);
const values: Record<string, () => unknown> = {
  'a note of 64 bytes': () => createNote(firstId),
  'an order of 1 KiB': () => order,
};

function codec(name: string, sink: (message: Message) => void = () => {}): Codec {
  return (dialects[name] as (options: CodecOptions) => Codec)({
    mode: 'calls',
    limits: defaultLimits,
    text: nodeText,
    sink,
  });
}

function callsOf(value: () => unknown): Message[] {
  return Array.from({ length: batch }, (_, i) => ({
    kind: 'call',
    id: i + 1,
    method: 'echo',
    params: [value()],
  }));
}

function encode(name: string, messages: readonly Message[]): Benchmark {
  const { encode: encodeOne, frame } = bound(codec(name));
  return {
    run(times) {
      let bytes = 0;
      for (let i = 0; i < times; i++) {
        bytes += encodeOne(messages[i % batch] as Message)?.bytes ?? 0;
        // Nothing may be kept for a frame that never comes.
        if (i % batch === batch - 1) frame([]);
      }
      return bytes;
    },
  };
}

function frameAlone(name: string, messages: readonly Message[]): Benchmark {
  const { encode: encodeOne, frame } = bound(codec(name));
  const encoded = messages.map((message) => encodeOne(message) as Encoded);
  return {
    run(times) {
      let chunks = 0;
      for (let i = 0; i < times; i++) chunks += frame(encoded).length;
      return chunks;
    },
  };
}

function decode(name: string, messages: readonly Message[]): Benchmark {
  let heard = 0;
  const reader = codec(name, () => heard++);
  const writer = bound(codec(name));
  const bytes = () => bytesOf(writer.frame(messages.map((message) => writer.encode(message) as Encoded)));
  // The first batch may carry a prologue and teach the reader shapes; the second is what all later ones look like.
  reader.push(bytes());
  const chunk = bytes();
  return {
    run(times) {
      for (let i = 0; i < times; i++) if (i % batch === 0) reader.push(chunk);
      return heard;
    },
  };
}

function bytesOf(chunks: readonly Chunk[]): Uint8Array {
  return Buffer.concat(chunks.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk)));
}

function bound(of: Codec): Pick<Codec, 'encode' | 'frame'> {
  return { encode: of.encode.bind(of), frame: of.frame.bind(of) };
}

export const benchmarks: Record<string, Benchmark> = Object.fromEntries(
  Object.keys(dialects).flatMap((name) =>
    Object.entries(values).flatMap(([title, value]) => {
      const messages = callsOf(value);
      return [
        [`encode ${name}, ${title}`, encode(name, messages)],
        [`frame 64 ${name}, ${title}`, frameAlone(name, messages)],
        [`decode ${name}, ${title}`, decode(name, messages)],
      ];
    }),
  ),
);
