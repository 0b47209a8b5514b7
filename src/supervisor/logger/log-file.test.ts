import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createTestClock } from '../../testkit/clock.ts';
import { MemoryDisk } from './fixtures/memory-disk.ts';
import { LogFile } from './log-file.ts';

const names = (files: number): string[] =>
  Array.from({ length: files }, (_, age) => (age === 0 ? '/logs/a.log' : `/logs/a.log.${age}`));
const create = (disk: MemoryDisk, maxBytes: number, files: number) => {
  const clock = createTestClock();
  return { clock, file: new LogFile('/logs', 'a', { maxBytes, files }, disk, clock) };
};

async function writeAll(file: LogFile, lines: string): Promise<void> {
  const bytes = Buffer.from(lines);
  for (let offset = 0; offset < bytes.length; ) {
    if (!file.isOpen) await file.open();
    offset += await file.append(bytes, offset);
  }
}

describe('the file of a log', () => {
  it('is put aside between lines, and none of them is lost, whatever their sizes', async () => {
    const lines = fc.array(fc.integer({ min: 0, max: 30 }).map((length) => `${'x'.repeat(length)}\n`));
    await fc.assert(
      fc.asyncProperty(fc.array(lines), fc.integer({ min: 1, max: 60 }), async (batches, maxBytes) => {
        const disk = new MemoryDisk();
        const { file } = create(disk, maxBytes, 2000);
        for (const batch of batches) await writeAll(file, batch.join(''));
        const texts = names(2000).map((name) => disk.text(name));
        assert.equal(texts.reverse().join(''), batches.flat().join(''));
        for (const text of texts.filter((each) => each !== '')) {
          assert.ok(text.endsWith('\n'));
          assert.ok(text.length <= maxBytes || text.indexOf('\n') === text.length - 1);
        }
      }),
    );
  });

  it('goes on where a full disk has cut it off', async () => {
    const disk = new MemoryDisk();
    disk.capacityBytes = 5;
    const { file } = create(disk, 1000, 2);
    await file.open();
    const lines = Buffer.from('12345678\nnext\n');
    assert.equal(await file.append(lines, 0), 5);
    await assert.rejects(file.append(lines, 5), { code: 'ENOSPC' });
    disk.capacityBytes = 1000;
    assert.equal(await file.append(lines, 5), lines.length - 5);
    assert.equal(disk.text('/logs/a.log'), '12345678\nnext\n');
  });

  it('is not put aside in the midst of a line', async () => {
    const disk = new MemoryDisk();
    disk.capacityBytes = 5;
    const { file } = create(disk, 7, 2);
    await file.open();
    const lines = Buffer.from('12345678\nnext\n');
    await file.append(lines, 0);
    disk.capacityBytes = 1000;
    assert.equal(await file.append(lines, 5), 4);
    assert.equal(await file.append(lines, 9), 0);
    await writeAll(file, 'next\n');
    assert.deepEqual(
      names(2).map((name) => disk.text(name)),
      ['next\n', '12345678\n'],
    );
  });

  it('is looked for once a second, and begun anew where it is gone', async () => {
    const disk = new MemoryDisk();
    const { file, clock } = create(disk, 1000, 2);
    await writeAll(file, 'one\n');
    await disk.remove('/logs/a.log');
    await writeAll(file, 'written to what is gone\n');
    await clock.advance(1000);
    await writeAll(file, 'two\n');
    assert.equal(disk.text('/logs/a.log'), 'two\n');
  });

  it('counts anew where somebody has emptied it', async () => {
    const disk = new MemoryDisk();
    const { file, clock } = create(disk, 10, 2);
    await writeAll(file, '12345678\n');
    const kept = disk.files.get('/logs/a.log');
    if (kept !== undefined) kept.bytes = Buffer.alloc(0);
    await clock.advance(1000);
    await writeAll(file, 'one\n');
    assert.deepEqual(
      names(2).map((name) => disk.text(name)),
      ['one\n', ''],
    );
  });
});
