import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { arrive, encode, openBinary, valuesOf } from '../../../test/suites/binary-channel.ts';
import { bytesOf } from '../../../test/suites/dialect.ts';

const KiB = 1024;

/** Bytes of which no two neighbours are alike. */
function someBytes(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => i * 7);
}

describe('bytes between two Kindreds', () => {
  it('arrive as bytes, whatever their number', () => {
    for (const length of [0, 1, 127, 128, 16 * KiB - 1, 16 * KiB, 16 * KiB + 1, 64 * KiB, 300 * KiB])
      assert.deepEqual(arrive({ before: 1, bytes: someBytes(length), after: [2] }), {
        before: 1,
        bytes: someBytes(length),
        after: [2],
      });
  });

  it('that are a Buffer arrive as a Uint8Array', () => {
    const arrived = arrive(Buffer.from('hello')) as Uint8Array;
    assert.equal(Object.getPrototypeOf(arrived), Uint8Array.prototype);
    assert.deepEqual(arrived, Uint8Array.from(Buffer.from('hello')));
  });

  it('arrive as the typed array that they were, wherever they begin in the message', () => {
    const { buffer } = someBytes(48);
    const views = [
      new Int8Array(buffer, 1, 5),
      new Uint8ClampedArray(buffer, 1, 5),
      new Int16Array(buffer, 2, 5),
      new Uint16Array(buffer, 2, 5),
      new Int32Array(buffer, 4, 5),
      new Uint32Array(buffer, 4, 5),
      new Float32Array(buffer, 4, 5),
      new Float64Array(buffer, 8, 5),
      new BigInt64Array(buffer, 8, 5),
      new BigUint64Array(buffer, 8, 5),
      new DataView(buffer, 3, 7),
      new Float64Array(0),
    ];
    for (let shift = 0; shift < 8; shift++)
      for (const view of views)
        assert.deepEqual(arrive(['x'.repeat(shift), view]), ['x'.repeat(shift), view]);
  });

  it('arrive as a large typed array, wherever they begin in the message', () => {
    const view = Float64Array.from({ length: 20_000 }, (_, i) => i / 3);
    for (let shift = 0; shift < 8; shift++)
      assert.deepEqual(arrive(['x'.repeat(shift), view]), ['x'.repeat(shift), view]);
  });

  it('arrive as Float16Array where both ends have it', (t) => {
    const type = (globalThis as unknown as { Float16Array?: Float32ArrayConstructor }).Float16Array;
    if (type === undefined) t.skip('this Node.js has none');
    else assert.deepEqual(arrive(type.of(1.5, -0, 65504)), type.of(1.5, -0, 65504));
  });

  it('of a Float16Array arrive in a Float32Array where this end has no such type', () => {
    const place = globalThis as { Float16Array?: unknown };
    const { Float16Array } = place;
    const halves = [0x3c00, 0xc000, 0x0000, 0x8000, 0x0001, 0x7bff, 0x7c00, 0xfc00, 0x7e00, 0x03ff];
    const fields = [0xd7, 12, 2 * halves.length, ...halves.flatMap((half) => [half & 0xff, half >> 8])];
    delete place.Float16Array;
    try {
      const { codec, heard } = openBinary();
      codec.push(Uint8Array.from([0xff, 0x4b, 0x4e, 1, 16, fields.length, 0, 0, ...fields]));
      const expected = [1, -2, 0, -0, 2 ** -24, 65504, 1 / 0, -1 / 0, Number.NaN, 1023 * 2 ** -24];
      assert.deepEqual(heard, [{ kind: 'plain', value: Float32Array.from(expected) }]);
    } finally {
      if (Float16Array !== undefined) place.Float16Array = Float16Array;
    }
  });

  it('of a view are its own, not those around it', () => {
    const whole = someBytes(100 * KiB);
    const { codec } = openBinary();
    assert.ok(encode(codec, whole.subarray(5, 10)).bytes < 20);
    assert.ok(encode(codec, whole.subarray(5, 5 + 20 * KiB)).bytes < 20 * KiB + 20);
    assert.deepEqual(arrive(whole.subarray(5, 10)), someBytes(10).slice(5));
  });

  it('that are many are not copied when they are written', () => {
    const large = someBytes(16 * KiB);
    const small = someBytes(16 * KiB - 1);
    const { codec } = openBinary();
    const chunksOf = (value: unknown): Uint8Array[] => codec.frame([encode(codec, value)]) as Uint8Array[];
    const holds = (bytes: Uint8Array) => (chunk: Uint8Array) => chunk.buffer === bytes.buffer;
    assert.ok(chunksOf([1, large, 2]).some(holds(large)));
    assert.ok(chunksOf({ buffer: large.buffer }).some(holds(large)));
    assert.ok(!chunksOf([1, small, 2]).some(holds(small)));
    const huge = someBytes(1000 * KiB);
    const copied = chunksOf(huge).filter((chunk) => !holds(huge)(chunk));
    assert.ok(copied.reduce((sum, chunk) => sum + chunk.length, 0) < KiB);
  });

  it('in shared or resizable memory are copied when they are written', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(20 * KiB)).fill(7);
    const resizable = new Uint8Array(new ArrayBuffer(20 * KiB, { maxByteLength: 40 * KiB })).fill(7);
    for (const bytes of [shared, resizable]) {
      const { codec } = openBinary();
      const encoded = encode(codec, bytes);
      bytes.fill(0);
      const receiver = openBinary();
      receiver.codec.push(bytesOf(codec.frame([encoded])));
      assert.deepEqual(valuesOf(receiver)[0], new Uint8Array(20 * KiB).fill(7));
    }
  });

  it('that are most of a large message are not copied when they are read', () => {
    const arrived = arrive({ name: 'x', bytes: someBytes(200 * KiB) }) as { bytes: Uint8Array };
    assert.ok(arrived.bytes.buffer.byteLength > arrived.bytes.byteLength);
    assert.ok(arrived.bytes.buffer.byteLength < 2 * arrived.bytes.byteLength);
  });

  it('never keep alive more than twice of what they are', () => {
    const value = { text: 'x'.repeat(100 * KiB), few: someBytes(100), many: someBytes(40 * KiB) };
    const arrived = arrive(value) as typeof value;
    assert.deepEqual(arrived, value);
    for (const bytes of [arrived.few, arrived.many]) assert.ok(bytes.buffer.byteLength <= 2 * bytes.length);
    const { buffer } = arrive(someBytes(100)) as Uint8Array;
    assert.equal(buffer.byteLength, 100);
  });

  it('taken away while they are being sent end the sending with an error, not with other bytes', () => {
    const bytes = someBytes(200 * KiB);
    const { codec } = openBinary();
    const pieces = (codec.cut?.(encode(codec, bytes)) ?? [])[Symbol.iterator]();
    pieces.next();
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    assert.throws(() => pieces.next(), { code: 'ERR_BAD_ARGUMENT', message: /transferred/ });
  });
});
