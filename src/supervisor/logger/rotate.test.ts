import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryDisk } from './fixtures/memory-disk.ts';
import { rotate } from './rotate.ts';

const path = (age: number): string => (age === 0 ? 'a.log' : `a.log.${age}`);

async function put(disk: MemoryDisk, age: number, text: string): Promise<void> {
  const file = await disk.open(path(age));
  await file.append(Buffer.from(text), 0);
}

async function full(ages: readonly number[]): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  for (const age of ages) await put(disk, age, `was ${age}`);
  return disk;
}

const contents = (disk: MemoryDisk): Record<string, string> =>
  Object.fromEntries([...disk.files.keys()].sort().map((each) => [each, disk.text(each)]));

describe('putting a full file aside', () => {
  it('gives each file the next name, and drops the oldest', async () => {
    const disk = await full([0, 1, 2]);
    await rotate(disk, path, 3);
    assert.deepEqual(contents(disk), { 'a.log.1': 'was 0', 'a.log.2': 'was 1' });
  });

  it('moves files no further than to the first free name', async () => {
    const disk = await full([0, 1, 3]);
    await rotate(disk, path, 5);
    assert.deepEqual(contents(disk), { 'a.log.1': 'was 0', 'a.log.2': 'was 1', 'a.log.3': 'was 3' });
  });

  it('leaves nothing of a log that is to have one file', async () => {
    const disk = await full([0]);
    await rotate(disk, path, 1);
    assert.deepEqual(contents(disk), {});
  });

  it('removes those that are beyond a number that has become smaller', async () => {
    const disk = await full([0, 1, 2, 3, 4]);
    await rotate(disk, path, 3);
    assert.deepEqual(contents(disk), { 'a.log.1': 'was 0', 'a.log.2': 'was 1' });
  });

  it('loses no file but the oldest when it is killed in the midst, wherever', async () => {
    for (let killedAt = 0; killedAt < 4; killedAt++) {
      const disk = await full([0, 1, 2, 3]);
      let changes = 0;
      disk.onChange = () => {
        if (changes++ === killedAt) throw new Error('killed');
      };
      await assert.rejects(rotate(disk, path, 5), /killed/);
      disk.onChange = () => {};
      if (!disk.files.has(path(0))) await put(disk, 0, 'new');
      await rotate(disk, path, 5);
      const kept = Object.values(contents(disk));
      for (const text of ['was 0', 'was 1', 'was 2', 'was 3'])
        assert.ok(kept.includes(text), `${text} is lost, killed at ${killedAt}`);
    }
  });
});
