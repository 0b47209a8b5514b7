/** Typed arrays and `DataView`: their numbers on the wire, and their bytes as values again. */

/** A kind of view: its number on the wire is its place in this list. Bytes are little-endian on the wire. */
const kinds = [
  'Uint8Array',
  'Int8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'DataView',
  'Float16Array',
] as const;
const elementBytes: readonly number[] = [1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8, 1, 2];

type ViewMaker = new (buffer: ArrayBuffer, byteOffset: number, length: number) => ArrayBufferView;

const typeOf = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
)?.get as (this: ArrayBufferView) => string | undefined;

/** The number of the view's kind; 0 is `Uint8Array` (and `Buffer`, which arrives as one). */
export function viewKind(view: ArrayBufferView): number {
  return kinds.indexOf((typeOf.call(view) ?? 'DataView') as (typeof kinds)[number]);
}

/** Bytes of one element; undefined where there is no such kind. */
export function viewElementBytes(kind: number): number | undefined {
  return elementBytes[kind];
}

/** The view of that kind on these bytes, which are whole elements, aligned, and the caller's to give away. */
export function makeView(kind: number, bytes: Uint8Array<ArrayBuffer>): ArrayBufferView {
  if (!littleEndian) reverseElements(bytes, elementBytes[kind] as number);
  const make = (globalThis as unknown as Record<string, ViewMaker | undefined>)[kinds[kind] as string];
  if (make === undefined) return widenHalves(bytes);
  return new make(bytes.buffer, bytes.byteOffset, bytes.length / (elementBytes[kind] as number));
}

/** The bytes of a view as they go on the wire. They are the view's own, not a copy, wherever that is possible. */
export function viewBytes(view: ArrayBufferView, kind: number): Uint8Array {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  if (littleEndian || elementBytes[kind] === 1) return bytes;
  const copy = bytes.slice();
  reverseElements(copy, elementBytes[kind] as number);
  return copy;
}

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function reverseElements(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}

/** Where the runtime has no `Float16Array`, the numbers arrive in a `Float32Array`, which holds each of them exactly. */
function widenHalves(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) =>
    halfToNumber(view.getUint16(2 * i, littleEndian)),
  );
}

function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
