import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encode, openBinary, streamOf, valuesOf } from '../../test/suites/binary-channel.ts';
import { bytesOf } from '../../test/suites/dialect.ts';
import { readBinaryVectors } from '../../test/suites/notation.ts';
import { KindredError } from '../base/errors.ts';
import { joinBytes } from '../base/join-bytes.ts';
import { maxBesideBytes, maxBodies } from './bodies.ts';
import type { Codec, Encoded } from './dialect.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const prologue = [0xff, 0x4b, 0x4e, 1];

function cut(codec: Codec, encoded: Encoded): Iterator<Uint8Array> {
  return (function* () {
    for (const chunks of codec.cut?.(encoded) ?? []) yield bytesOf(chunks);
  })();
}

/** The first piece of a large message: of `total` bytes, of which it has as many as `data`. */
function firstPiece(body: number, total: number, data: readonly number[]): Uint8Array {
  const piece = new Uint8Array(13 + data.length);
  const view = new DataView(piece.buffer);
  view.setUint32(0, 30 | ((9 + data.length) << 8), true);
  view.setUint32(4, body, true);
  view.setUint8(8, 16);
  view.setUint32(9, total, true);
  piece.set(data, 13);
  return piece;
}

describe('binary frames', () => {
  it('begin with the prologue, once', () => {
    const { codec } = openBinary();
    assert.deepEqual([...bytesOf(codec.frame([encode(codec, 1)]))], [...prologue, 16, 1, 0, 0, 1]);
    assert.deepEqual([...bytesOf(codec.frame([encode(codec, 1)]))], [16, 1, 0, 0, 1]);
    const cutting = openBinary().codec;
    const [first, second] = [...(cutting.cut?.(encode(cutting, 'x'.repeat(200_000))) ?? [])].map((c) =>
      bytesOf(c),
    );
    assert.deepEqual([...(first as Uint8Array).subarray(0, 5)], [...prologue, 30]);
    assert.equal(second?.[0], 31);
  });

  it('name both versions where the other end speaks another', () => {
    assert.throws(() => openBinary().codec.push(Uint8Array.of(0xff, 0x4b, 0x4e, 7)), {
      code: 'ERR_PROTOCOL',
      message: /version 7 .* version 1$/,
    });
  });

  it('of messages that were encoded one after another are one chunk', () => {
    const { codec } = openBinary();
    codec.frame([encode(codec, 0)]);
    const batch = Array.from({ length: 10 }, (_, i) => encode(codec, { id: i, text: 'some text' }));
    assert.equal(codec.frame(batch).length, 1);
    const mixed = Array.from({ length: 4 }, (_, i) => encode(codec, i));
    const chunks = codec.frame([mixed[2], mixed[0], mixed[1], mixed[3]] as Encoded[]);
    assert.deepEqual(
      [...bytesOf(chunks)].filter((_, i) => i % 5 === 4),
      [2, 0, 1, 3],
    );
  });

  it('are as long as a message may be before it is cut, and no longer', () => {
    for (const more of [-1, 0, 1]) {
      const { codec } = openBinary();
      codec.frame([encode(codec, 0)]);
      // Header, tag and count take 8 bytes.
      const encoded = encode(codec, 'x'.repeat(128 * KiB - 8 + more));
      assert.equal(encoded.bytes, 128 * KiB + more);
      const pieces = [...(codec.cut?.(encoded) ?? [])].map((chunks) => bytesOf(chunks));
      assert.deepEqual(
        pieces.map((piece) => piece[0]),
        more > 0 ? [30, 31] : [16],
      );
      for (const piece of pieces) assert.ok(piece.length <= 128 * KiB);
    }
  });

  it('die with the sink that throws, and pass on what it threw', () => {
    const { codec } = openBinary({
      sink: () => {
        throw new TypeError('mine');
      },
    });
    assert.throws(() => codec.push(streamOf(1)), { name: 'TypeError', message: 'mine' });
    assert.throws(() => codec.push(streamOf(1)), { code: 'ERR_PROTOCOL' });
  });

  it('are refused while the sink is still busy with an earlier one', () => {
    const { codec } = openBinary({ sink: () => void codec.push(streamOf(1)) });
    assert.throws(() => codec.push(streamOf(1)), { code: 'ERR_PROTOCOL' });
  });
});

describe('a large message in pieces', () => {
  it('lets other messages pass, large ones too, wherever the chunks are cut', (t) => {
    const seed = Number(process.env.KINDRED_SEED ?? Math.floor(Math.random() * 2 ** 31));
    t.diagnostic(`KINDRED_SEED=${seed}`);
    const anyValue = fc.oneof(
      fc.integer({ min: 1, max: 300 * KiB }).map((size) => new Uint8Array(size).fill(size)),
      fc.integer({ min: 1, max: 300 * KiB }).map((size) => 'xé'.repeat(size / 3)),
      fc
        .integer({ min: 1, max: 10_000 })
        .map((count) => Array.from({ length: count }, (_, i) => ({ i, t: 'x' }))),
      fc.jsonValue(),
    );
    const property = fc.property(
      fc.array(anyValue, { minLength: 1, maxLength: 8 }),
      fc.infiniteStream(fc.nat()),
      fc.infiniteStream(fc.integer({ min: 1, max: 100 * KiB })),
      (values, turns, sizes) => {
        const stream = writtenInTurns(values, turns);
        const receiver = openBinary();
        for (let at = 0, size = 0; at < stream.length; at += size) {
          size = sizes.next().value;
          receiver.codec.push(stream.slice(at, at + size));
        }
        receiver.codec.end();
        assert.deepEqual(new Set(valuesOf(receiver)), new Set(values));
      },
    );
    fc.assert(property, { seed, numRuns: 60 });
  });

  it('is refused by its first piece where it is larger than maxMessageBytes', () => {
    for (const [total, fits] of [
      [1000 - 5, true],
      [1000 - 4, true],
      [1000 - 3, false],
    ] as const) {
      const { codec } = openBinary({ limits: { maxMessageBytes: 1000, maxDepth: 512 } });
      const push = (): void =>
        void codec.push(joinBytes([Uint8Array.from(prologue), firstPiece(1, total, [0x80])]));
      if (fits) push();
      else assert.throws(push, { code: 'ERR_LIMIT', message: /maxMessageBytes \(1000\)/ });
    }
  });

  it('is not given memory that was only announced', () => {
    const { codec } = openBinary();
    codec.push(Uint8Array.from(prologue));
    const before = process.memoryUsage().arrayBuffers;
    for (let body = 0; body < 15; body++) codec.push(firstPiece(body, MiB, [0x80]));
    codec.push(firstPiece(16, 60 * MiB, [0x80]));
    codec.push(Uint8Array.of(16, 0xff, 0xff - 3, 0));
    assert.ok(process.memoryUsage().arrayBuffers - before < MiB);
  });

  it('is copied little while its buffer grows, and never has 33 times what has arrived', () => {
    for (const [total, first] of [
      [20 * MiB, 50],
      [20 * MiB, 50_000],
      [20 * MiB, 131_000],
      [MiB, 20_000],
    ] as const) {
      const given: number[] = [];
      let arrived = 0;
      const allocate = (bytes: number): Uint8Array<ArrayBuffer> => {
        assert.ok(bytes <= Math.max(33 * arrived, 4096), `${bytes} bytes for ${arrived} of ${total}`);
        given.push(bytes);
        return new Uint8Array(bytes);
      };
      const { codec, heard } = openBinary({ allocate });
      const whole = streamOf(new Uint8Array(total));
      for (let at = 0, step = first; at < whole.length; at += step, step = 64 * KiB) {
        arrived = Math.min(at + step, whole.length);
        codec.push(whole.subarray(at, arrived));
      }
      assert.equal(heard.length, 1);
      const outgrown = given.slice(0, -1).reduce((sum, bytes) => sum + bytes, 0);
      assert.ok(outgrown <= total / 30 + 4096, `${given} for ${total}`);
    }
  });

  it('is taken beside others up to the number and the bytes that both ends keep to', () => {
    const bySize = (sizes: readonly number[]) => (): void => {
      const { codec } = openBinary();
      codec.push(Uint8Array.from(prologue));
      for (const [body, size] of sizes.entries()) codec.push(firstPiece(body, size - 4, [0x80]));
    };
    const tooMany = { code: 'ERR_LIMIT', message: /too many large messages/ };
    const small = new Array<number>(maxBodies).fill(100);
    assert.doesNotThrow(bySize(small));
    assert.throws(bySize([...small, 100]), tooMany);
    const half = maxBesideBytes / 2;
    assert.doesNotThrow(bySize([half, half, 40 * MiB]));
    assert.doesNotThrow(bySize([40 * MiB, half, half]));
    assert.throws(bySize([40 * MiB, half, half + 1]), tooMany);
    assert.throws(bySize([half, half + 1, 40 * MiB]), tooMany);
  });

  it('may be begun where, and only where, the other end will take it', () => {
    const { codec } = openBinary();
    const large = (bytes: number): Encoded => encode(codec, new Uint8Array(bytes));
    const under = [large(30 * MiB), large(10 * MiB)].map((encoded) => cut(codec, encoded));
    for (const pieces of under) pieces.next();
    assert.equal(codec.mayCut?.(large(5 * MiB)), true);
    assert.equal(codec.mayCut?.(large(7 * MiB)), false);
    assert.equal(codec.mayCut?.(large(1000)), true);
    assert.throws(() => cut(codec, large(7 * MiB)).next(), { code: 'ERR_INTERNAL' });
    // The last but one piece is still under way; with the last it is not.
    for (let piece = under[1]?.next(); piece?.done === false; piece = under[1]?.next());
    assert.equal(codec.mayCut?.(large(7 * MiB)), true);
  });

  it('takes time in proportion to its size', () => {
    const item = () => ({ id: 1, name: 'some name', tags: ['x', 'y'], text: 'é'.repeat(100) });
    // All below 32 MiB: from there on the C library gets new pages from the system each time, which take longer than
    // all else. Of values that are many small objects less, since it is the garbage collector that is measured otherwise.
    const kinds: Record<string, [atFirst: number, make: (bytes: number) => unknown]> = {
      bytes: [2 * MiB, (bytes) => new Uint8Array(bytes)],
      text: [2 * MiB, (bytes) => 'x'.repeat(bytes)],
      objects: [MiB, (bytes) => Array.from({ length: bytes / 230 }, item)],
    };
    for (const [kind, [atFirst, make]] of Object.entries(kinds)) {
      // Eight times: what is quadratic takes 64 times as long, far from any noise of the garbage collector.
      const [small, large] = [atFirst, 8 * atFirst].map((bytes) => {
        const { codec } = openBinary();
        const value = make(bytes);
        const stream = streamOf(value);
        return {
          writing: fastest(() => codec.frame([encode(codec, value)])),
          reading: fastest(() => {
            const { codec } = openBinary();
            for (let at = 0; at < stream.length; at += 64 * KiB)
              codec.push(stream.subarray(at, at + 64 * KiB));
          }),
        };
      });
      for (const way of ['writing', 'reading'] as const) {
        // What takes next to no time may take any multiple of it.
        const ratio = (large?.[way] ?? 0) / Math.max(small?.[way] ?? 0, 2);
        assert.ok(ratio < 24, `${way} ${kind}: 8 times the bytes took ${ratio.toFixed(1)} times as long`);
      }
    }
  });
});

describe('damage', () => {
  const streams = ['values', 'messages', 'streams', 'malformed'].flatMap((name) =>
    readBinaryVectors(`binary-${name}`),
  );

  /** Whatever arrives: messages, or a KindredError of these codes, and that soon. */
  function survives(mode: 'calls' | 'plain', bytes: Uint8Array, step: number): void {
    const { codec } = openBinary({ mode, limits: { maxMessageBytes: 100_000, maxDepth: 100 } });
    try {
      for (let at = 0; at < bytes.length; at += step) codec.push(bytes.slice(at, at + step));
      codec.end();
    } catch (error) {
      assert.ok(error instanceof KindredError, `not a KindredError: ${error}`);
      assert.match(error.code, /^ERR_(PROTOCOL|LIMIT)$/);
    }
  }

  it('of streams that were whole gives messages or a KindredError, nothing else', (t) => {
    const seed = Number(process.env.KINDRED_SEED ?? Math.floor(Math.random() * 2 ** 31));
    t.diagnostic(`KINDRED_SEED=${seed}`);
    const change = fc.tuple(
      fc.nat(),
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom('set', 'bit', 'drop', 'add', 'cut'),
    );
    const property = fc.property(
      fc.constantFrom(...streams),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 50 }),
      ({ bytes: whole, mode }, changes, step) => {
        let bytes = [...whole];
        for (const [where, byte, what] of changes) {
          const at = where % (bytes.length + 1);
          if (what === 'set') bytes[at] = byte;
          else if (what === 'bit') bytes[at] = (bytes[at] ?? 0) ^ (1 << (byte & 7));
          else if (what === 'drop') bytes.splice(at, 1);
          else if (what === 'add') bytes.splice(at, 0, byte);
          else bytes = bytes.slice(0, at);
        }
        survives(mode ?? 'plain', Uint8Array.from(bytes), step);
      },
    );
    fc.assert(property, { seed, numRuns: 20_000 });
  });

  it('that looks like values gives messages or a KindredError, nothing else', (t) => {
    const seed = Number(process.env.KINDRED_SEED ?? Math.floor(Math.random() * 2 ** 31));
    t.diagnostic(`KINDRED_SEED=${seed}`);
    // Tags are many more than chance would make them.
    const byte = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.integer({ min: 0x80, max: 0xe2 }),
      fc.integer({ min: 0, max: 4 }),
      fc.constantFrom(0x41, 0x61, 0xd0, 0xd8, 0xd9),
    );
    const property = fc.property(
      fc.constantFrom(1, 2, 3, 4, 6, 15, 16, 0x41, 0x90, 30),
      fc.array(byte, { maxLength: 60 }),
      (head, fields) => {
        const bytes = Uint8Array.from([...prologue, head, fields.length, 0, 0, ...fields]);
        survives((head & 0x1f) === 16 ? 'plain' : 'calls', bytes, bytes.length);
      },
    );
    fc.assert(property, { seed, numRuns: 30_000 });
  });
});

/** Processor time of the best of several runs, in milliseconds: other work on the machine does not count. */
function fastest(run: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 6; i++) {
    const start = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}

/** The values as large messages, of which now one writes a piece, now another. */
function writtenInTurns(values: readonly unknown[], turns: Iterable<number>): Uint8Array {
  const { codec } = openBinary();
  let open = values.map((value) => cut(codec, encode(codec, value)));
  const written: Uint8Array[] = [];
  for (const turn of turns) {
    if (open.length === 0) break;
    const one = open[turn % open.length] as Iterator<Uint8Array>;
    const piece = one.next();
    if (piece.done === true) open = open.filter((other) => other !== one);
    else written.push(piece.value);
  }
  return joinBytes(written);
}

describe('bytes that are put right where they are wanted', () => {
  /** Reads as a transport does that asks for room: at most `most` bytes at a time, else into a buffer that is used again. */
  function read(stream: Uint8Array, sizes: Iterator<number>, values: (value: unknown) => void): number {
    const { codec } = openBinary({ sink: (message) => values((message as { value: unknown }).value) });
    const shared = new Uint8Array(64 * KiB);
    let placed = 0;
    for (let at = 0; at < stream.length; ) {
      const room = codec.room?.();
      const target = room ?? shared;
      const bytes = Math.min(target.length, sizes.next().value as number, stream.length - at);
      target.set(stream.subarray(at, at + bytes));
      if (room !== undefined) placed += bytes;
      codec.push(target.subarray(0, bytes));
      shared.fill(0x21);
      at += bytes;
    }
    codec.end();
    return placed;
  }

  it('make the messages that were sent, whatever their receiver does to them, wherever the reads end', (t) => {
    const seed = Number(process.env.KINDRED_SEED ?? Math.floor(Math.random() * 2 ** 31));
    t.diagnostic(`KINDRED_SEED=${seed}`);
    const anyValue = fc.oneof(
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 400 * KiB }).map((size) => new Uint8Array(size).fill(size)),
      fc.integer({ min: 10 * KiB, max: 128 * KiB }).map((size) => new Uint8Array(size).fill(size)),
      fc.integer({ min: 1, max: 200 * KiB }).map((size) => 'x\u00e9'.repeat(size / 3)),
    );
    const property = fc.property(
      fc.array(anyValue, { minLength: 1, maxLength: 12 }),
      fc.infiniteStream(fc.nat()),
      fc.infiniteStream(fc.oneof(fc.integer({ min: 1, max: 256 * KiB }), fc.constant(MiB))),
      (values, turns, sizes) => {
        const arrived: string[] = [];
        read(writtenInTurns(values, turns), sizes, (value) => {
          arrived.push(said(value));
          // It is the receiver's own now, with all the memory that it stands in.
          if (value instanceof Uint8Array && value.length > 4 * KiB)
            structuredClone(0, { transfer: [value.buffer as ArrayBuffer] });
        });
        assert.deepEqual(arrived.sort(), values.map(said).sort());
      },
    );
    fc.assert(property, { seed, numRuns: 100 });
  });

  it('are nearly all of those of large messages, one after the other', () => {
    const chunks = Array.from({ length: 20 }, () => new Uint8Array(64 * KiB).fill(7));
    const stream = streamOf(...chunks);
    let heard = 0;
    const placed = read(
      stream,
      fc.sample(fc.infiniteStream(fc.constant(MiB)), 1)[0] as Iterator<number>,
      () => heard++,
    );
    assert.equal(heard, 20);
    assert.ok(placed > 0.8 * stream.length, `${placed} of ${stream.length}`);
  });

  function said(value: unknown): string {
    if (!(value instanceof Uint8Array)) return JSON.stringify(value);
    const first = value[0] as number;
    return `${value.length} bytes ${value.every((byte) => byte === first) ? first : 'spoilt'}`;
  }
});
