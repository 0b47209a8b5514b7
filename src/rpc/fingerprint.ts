/**
 * FNV-1a with 64 bits, as 16 hexadecimal digits. It tells one version of a contract from another; it proves nothing about
 * who made either, so that it needs no cryptography, which takes a while to load and is not there in every runtime.
 */

/** Of text in ASCII. */
export function fingerprintOf(text: string): string {
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (let i = 0; i < text.length; i++) {
    low = (low ^ text.charCodeAt(i)) >>> 0;
    // Times 2^40 + 0x1b3, modulo 2^64, in numbers that stay below 2^53.
    const product = low * 0x1b3;
    high = (high * 0x1b3 + low * 0x100 + Math.floor(product / 2 ** 32)) % 2 ** 32;
    low = product % 2 ** 32;
  }
  return hex(high) + hex(low);
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}
