/** Where to begin in a file that holds much more than what is asked for. */
import { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { newline } from './line-cutter.ts';
import { decodeLine } from './log-format.ts';

const stepBytes = 64 * 1024;
/** Of a line only its time is looked at: a longer one is passed over. */
const lookBytes = 4096;

/**
 * The start of a line, at or a little before the first one since this time (wall clock, milliseconds since 1970). Goes back
 * from the end, and looks at one line in every 64 KiB: so lines count as in order, but for those of the last step.
 */
export async function startSince(handle: FileHandle, since: number): Promise<number> {
  const { size } = await handle.stat();
  const bytes = Buffer.allocUnsafe(lookBytes);
  for (let start = size - stepBytes; start > 0; start -= stepBytes) {
    const { bytesRead } = await handle.read(bytes, 0, lookBytes, start);
    const line = firstLine(bytes.subarray(0, bytesRead));
    // What somebody else has written has no time.
    if (line !== undefined && decodeLine('', line.text, Number.POSITIVE_INFINITY).at < since)
      return start + line.offset;
  }
  return 0;
}

/** The first that is there from its start to its end. */
function firstLine(bytes: Buffer): { offset: number; text: string } | undefined {
  const offset = bytes.indexOf(newline) + 1;
  const end = offset === 0 ? -1 : bytes.indexOf(newline, offset);
  return end === -1 ? undefined : { offset, text: bytes.toString('utf8', offset, end) };
}
