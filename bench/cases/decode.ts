/**
 * One frame of so many bytes that arrives in chunks of 64 KiB, decoded by a dialect alone, without socket. What a MiB
 * costs must not grow with the frame.
 */
import { nodeText } from '../../src/transports/node-text.ts';
import { createBinaryCodec } from '../../src/wire/binary.ts';
import type { Codec, CodecOptions, DialectName } from '../../src/wire/dialect.ts';
import { createJsonConcatCodec } from '../../src/wire/json-concat.ts';
import { createJsonHeadersCodec } from '../../src/wire/json-headers.ts';
import { createJsonLinesCodec } from '../../src/wire/json-lines.ts';
import type { Message } from '../../src/wire/message.ts';
import { meter } from '../measure/meter.ts';
import { spread } from '../measure/statistics.ts';
import { type Run, warmUp } from './lab.ts';

const MiB = 1024 * 1024;
const chunkBytes = 64 * 1024;

const makers: Record<DialectName, (options: CodecOptions) => Codec> = {
  binary: createBinaryCodec,
  'json-lines': createJsonLinesCodec,
  'json-headers': createJsonHeadersCodec,
  'json-concat': createJsonConcatCodec,
};

/** `binary-bytes` is the dialect `binary` with bytes for a value; the others carry a string. */
export function decodedFrame(megabytes: number): Run {
  return async ({ contender, scale }) => {
    const dialect = (contender === 'binary-bytes' ? 'binary' : contender) as DialectName;
    const make = (sink: (message: Message) => void): Codec =>
      makers[dialect]({
        mode: 'calls',
        limits: { maxMessageBytes: 1024 * MiB, maxDepth: 512 },
        text: nodeText,
        sink,
      });
    // Small frames first, until the code is compiled, whatever the size to be measured.
    const warm = frame(
      make(() => {}),
      contender,
      4 * MiB,
    );
    await warmUp(scale.warmCpuMs, () => decode(make, warm));
    const size = Math.round(megabytes * 1e6 * scale.size);
    const chunks = frame(
      make(() => {}),
      contender,
      size,
    );
    globalThis.gc?.();
    const times: number[] = [];
    const { usage } = await meter(async () => {
      for (const end = performance.now() + scale.measureMs; performance.now() < end; ) {
        const from = performance.now();
        decode(make, chunks);
        times.push(performance.now() - from);
        // What the frame before has left is not the time of the next.
        globalThis.gc?.();
      }
    });
    const { median } = spread(times);
    return {
      figures: {
        msPerMiB: median / (size / MiB),
        frameMs: median,
        peakMiB: usage.clientPeakKiB / 1024,
      },
      usage,
    };
  };
}

/** A call with one large argument, as bytes cut at 64 KiB. */
function frame(codec: Codec, kind: string, size: number): Uint8Array[] {
  const value = kind === 'binary-bytes' ? new Uint8Array(size).fill(7) : 'x'.repeat(size);
  const encoded = codec.encode({ kind: 'call', id: 1, method: 'echo', params: [value] });
  if (encoded === undefined) throw new Error(`${kind} has nothing to write for a call`);
  const whole =
    codec.cut !== undefined && encoded.bytes > chunkBytes
      ? [...codec.cut(encoded)].flat()
      : codec.frame([encoded]);
  const bytes = Buffer.concat(whole.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk)));
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(bytes.subarray(at, at + chunkBytes));
  return chunks;
}

function decode(make: (sink: (message: Message) => void) => Codec, chunks: readonly Uint8Array[]): void {
  let heard: Message | undefined;
  const codec = make((message) => {
    heard = message;
  });
  for (const chunk of chunks) codec.push(chunk);
  codec.end();
  if (heard?.kind !== 'call') throw new Error('the frame was not decoded');
}
