/** Bytes made worse: flipped, cut out, said twice, spliced, swapped, and numbers put where a length may stand. */
import type { Random } from '../stories/fixtures/random.ts';

/** What readers trip over, in any dialect. */
const texts = [
  '{', '}', '[', ']', '"', ':', ',', '\n', '\r\n\r\n', '\\u0000', '\\ud800', '\ufeff', '\0',
  '"id":', '"id":null', '"method":"echo"', '"result":', '"error":{}', '"params":', '"jsonrpc":"2.0"',
  '"__proto__":{"polluted":1}', '"constructor":{"prototype":{"polluted":1}}', '"then":1', '"toJSON":1',
  'null', 'true', '-', '1e999', '-0', '9007199254740993', '0.1', '1'.repeat(400),
  'Content-Length: ', 'Content-Length: -1\r\n', 'Content-Length: 99999999999999999999\r\n\r\n', 'Content-Type: a; charset=x\r\n',
  'GET / HTTP/1.1\r\n', '[[[[[[[[[[[[[[[[[[[[', '{"a":{"a":{"a":{"a":',
]; // biome-ignore format: a dictionary reads better in rows
const words: readonly Uint8Array[] = [
  ...texts.map((text) => new TextEncoder().encode(text)),
  // No UTF-8: an overlong slash, a lone surrogate, a byte that goes on from nothing, a character cut short.
  ...['c0af', 'eda080', '80', 'e282', 'f4908080', 'ff', 'fe', 'ff4b4e01', 'ff4b4e02'].map((hex) =>
    Uint8Array.from(Buffer.from(hex, 'hex')),
  ),
];

/** Lengths and numbers at whose edges readers are wrong by one. */
const edges = [0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xff, 0x100, 0x1fff, 0x2000, 0x3fff, 0x4000, 0x7fff, 0xffff, 0x10000,
  0x1ffff, 0x20000, 0xffffff, 0x1000000, 0x7fffffff, 0x80000000, 0xffffffff]; // biome-ignore format: one list

type Mutation = (bytes: Uint8Array, random: Random, other: () => Uint8Array) => Uint8Array;

const mutations: readonly Mutation[] = [
  function flip(bytes, random) {
    const copy = bytes.slice();
    for (let i = 1 + random.int(4); i > 0; i--)
      copy[random.int(copy.length)] = (copy[random.int(copy.length)] ?? 0) ^ (1 << random.int(8));
    return copy;
  },
  function overwrite(bytes, random) {
    const copy = bytes.slice();
    copy[random.int(copy.length)] = random.int(256);
    return copy;
  },
  function cutShort(bytes, random) {
    return bytes.slice(0, random.int(bytes.length));
  },
  function cutOut(bytes, random) {
    const at = random.int(bytes.length);
    return join(bytes.subarray(0, at), bytes.subarray(at + 1 + random.int(bytes.length - at)));
  },
  function repeat(bytes, random) {
    const [from, to] = span(bytes, random);
    const part = bytes.subarray(from, to);
    return join(bytes.subarray(0, to), ...Array(1 + random.int(3)).fill(part), bytes.subarray(to));
  },
  function splice(bytes, random, other) {
    const with_ = other();
    return join(bytes.subarray(0, random.int(bytes.length)), with_.subarray(random.int(with_.length + 1)));
  },
  function swap(bytes, random) {
    const [from, to] = span(bytes, random);
    const middle = from + random.int(to - from + 1);
    return join(
      bytes.subarray(0, from),
      bytes.subarray(middle, to),
      bytes.subarray(from, middle),
      bytes.subarray(to),
    );
  },
  function insertWord(bytes, random) {
    const at = random.int(bytes.length + 1);
    return join(bytes.subarray(0, at), random.pick(words), bytes.subarray(at));
  },
  function putNumber(bytes, random) {
    const copy = bytes.slice();
    const size = random.pick([1, 2, 3, 4]);
    const number = random.pick(edges) + random.int(3) - 1;
    const at = random.int(copy.length);
    for (let i = 0; i < size && at + i < copy.length; i++) copy[at + i] = (number / 2 ** (8 * i)) & 0xff;
    return copy;
  },
  function digits(bytes, random) {
    const at = bytes.findIndex((byte, i) => isDigit(byte) && i >= random.int(bytes.length));
    if (at === -1) return bytes;
    const number = new TextEncoder().encode(String(random.pick(edges) + random.int(3) - 1));
    return join(bytes.subarray(0, at), number, bytes.subarray(at + 1));
  },
];

/** Between one and four of these changes; `other` gives something to splice with. Never longer than `maxBytes`. */
export function mutate(
  bytes: Uint8Array,
  random: Random,
  other: () => Uint8Array,
  maxBytes: number = 64 * 1024,
): Uint8Array {
  let changed = bytes;
  for (let i = 1 + random.int(random.pick([1, 4])); i > 0; i--)
    if (changed.length > 0) changed = random.pick(mutations)(changed, random, other);
  return changed.length > maxBytes ? changed.subarray(0, maxBytes) : changed;
}

export function randomBytes(random: Random, most: number): Uint8Array {
  return Uint8Array.from({ length: random.int(most + 1) }, () => random.int(256));
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

function span(bytes: Uint8Array, random: Random): [number, number] {
  const from = random.int(bytes.length);
  return [from, Math.min(bytes.length, from + 1 + random.int(random.pick([4, 40, bytes.length])))];
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
