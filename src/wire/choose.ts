/** Which dialect a listener's new connection speaks, told from its first bytes. */
import type { DialectName } from './dialect.ts';

/**
 * `http`: a browser or the like, to be closed without an answer. Undefined: nothing that is spoken here.
 *
 * The first byte decides, but where it is a letter: then all that has arrived is looked at.
 * `json-concat` is never chosen: it looks like `json-lines`, and has to be configured.
 */
export function chooseDialect(start: Uint8Array): DialectName | 'http' | undefined {
  switch (start[0]) {
    case 0xff: // A byte that UTF-8 never holds.
      return 'binary';
    case 0x7b: // {
    case 0x5b: // [
    case 0x20:
    case 0x09:
    case 0x0a:
    case 0x0d:
      return 'json-lines';
    default:
      return chooseByWord(String.fromCharCode(...start.subarray(0, wordLength)));
  }
}

/** Enough to tell every word from the others. */
const wordLength = 20;
/** `Content-Length` and `Content-Type`, as far as they have arrived; `CONNECT` is no such. */
const contentHeader = /^(?:c|co|con)$|^cont/i;
/** HTTP methods are upper-case; a lower-case or mixed word is a person at a keyboard. */
const httpMethod = /^[A-Z]+(?: |$)/;

function chooseByWord(word: string): DialectName | 'http' | undefined {
  if (contentHeader.test(word)) return 'json-headers';
  return httpMethod.test(word) ? 'http' : undefined;
}
