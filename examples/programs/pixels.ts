/** The program of a thread: serves whoever started it, until they close. */
import { serve, transfer } from 'kindred';

const pixels = {
  invert(image: ArrayBuffer): ArrayBuffer {
    const bytes = new Uint8Array(image);
    for (let at = 0; at < bytes.length; at++) bytes[at] = 255 - (bytes[at] ?? 0);
    // The result moves back instead of being copied.
    return transfer(image, [image]);
  },
};
export type Pixels = typeof pixels;

await serve('parent:', pixels);
