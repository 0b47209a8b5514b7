import type { Random } from '../stories/fixtures/random.ts';

/** Cut in pieces at random: mostly whole, sometimes byte by byte. */
export function* chunksOf(bytes: Uint8Array, random: Random): Generator<Uint8Array> {
  const way = random.int(4);
  const most =
    way > 1
      ? bytes.length
      : way === 1
        ? 1 + random.int(Math.max(1, bytes.length))
        : bytes.length < 200
          ? 1
          : 1000;
  for (let at = 0; at < bytes.length; ) {
    const size = Math.max(1, way === 1 ? random.int(most + 1) : most);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}
