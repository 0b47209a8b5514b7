/** Two ends of the binary dialect without a channel between them, for tests of what arrives. */
import { nodeText } from '../../src/transports/node-text.ts';
import { createBinaryCodec } from '../../src/wire/binary.ts';
import type { Codec, CodecOptions, Encoded } from '../../src/wire/dialect.ts';
import type { ExportReference, Message } from '../../src/wire/message.ts';
import { bytesOf } from './dialect.ts';

export { nodeText };

export interface End {
  codec: Codec;
  heard: Message[];
  /** Sizes as the sink was told them. */
  sizes: number[];
}

export function openBinary(options: Partial<CodecOptions> = {}): End {
  const heard: Message[] = [];
  const sizes: number[] = [];
  const codec = createBinaryCodec({
    mode: 'plain',
    limits: { maxMessageBytes: 64 * 1024 * 1024, maxDepth: 512 },
    text: nodeText,
    sink: (message, bytes) => {
      heard.push(message);
      sizes.push(bytes);
    },
    ...options,
  });
  return { codec, heard, sizes };
}

export function encode(codec: Codec, value: unknown, exportReference?: ExportReference): Encoded {
  const encoded = codec.encode({ kind: 'plain', value }, exportReference);
  if (encoded === undefined) throw new Error('nothing to write');
  return encoded;
}

/** The bytes of a stream that says these values. */
export function streamOf(...values: unknown[]): Uint8Array {
  const { codec } = openBinary();
  return bytesOf(codec.frame(values.map((value) => encode(codec, value))));
}

/** The values of plain messages. */
export function valuesOf({ heard }: End): unknown[] {
  return heard.map((message) => (message.kind === 'plain' ? message.value : message));
}

/** The value as it arrives at another end. */
export function arrive(value: unknown, options?: Partial<CodecOptions>): unknown {
  const sender = openBinary(options);
  const receiver = openBinary(options);
  for (const chunk of sender.codec.frame([encode(sender.codec, value)]))
    receiver.codec.push(chunk as Uint8Array);
  return valuesOf(receiver)[0];
}
