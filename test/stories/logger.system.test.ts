/** A disk that is really full. Needs root, mount and unshare. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { promisify } from 'node:util';
import { within } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';

before(() => assert.equal(process.geteuid?.(), 0, 'run this as root'));

test('a full disk holds up no service; the lines that had no room are counted, and it goes on when there is room', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'kindred-full-'));
  try {
    const { stdout } = await within(
      'it is over',
      promisify(execFile)('unshare', ['-m', process.execPath, fixture('fills-disk.ts'), directory]),
      60_000,
    );
    const { lines, kept, note, longestMs } = JSON.parse(stdout) as {
      lines: number;
      kept: number;
      note: string;
      longestMs: number;
    };
    t.diagnostic(`${kept} of ${lines} lines kept; the longest 100 lines took ${Math.round(longestMs)} ms`);
    const [, dropped] = /^(\d+) lines dropped: ENOSPC$/.exec(note) ?? [];
    assert.equal(kept + Number(dropped), lines, stdout);
    assert.ok(Number(dropped) > 0 && kept > 5000, stdout);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
