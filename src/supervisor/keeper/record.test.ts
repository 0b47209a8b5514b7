import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createRecorder, type KeeperRecord, readRecord } from './record.ts';

const directory = mkdtempSync(join(tmpdir(), 'record-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function recordOf(pid: number): KeeperRecord {
  return { keeper: { pid }, lasting: [], others: [], logs: [], sockets: [] };
}

describe('the record of a keeper', () => {
  it('is read as it was written, and changes of one turn are written at once', async () => {
    let asked = 0;
    const recorder = createRecorder(directory, () => recordOf(++asked));
    await Promise.all([recorder.save(), recorder.save(), recorder.save()]);
    assert.deepEqual(readRecord(directory), recordOf(1));
    await recorder.save();
    assert.deepEqual(readRecord(directory), recordOf(2));
    assert.deepEqual(readdirSync(directory), ['keeper.json']);
  });

  it('is not written any more when it is closed, also where that was asked for before', async () => {
    const recorder = createRecorder(directory, () => recordOf(7));
    const saved = recorder.save();
    const before = readFileSync(join(directory, 'keeper.json'), 'utf8');
    recorder.close();
    await saved;
    assert.equal(readFileSync(join(directory, 'keeper.json'), 'utf8'), before);
  });

  it('counts as none where it cannot be understood', () => {
    for (const text of ['', '{', 'null', '7', '{"keeper":{"pid":1}}', '{"lasting":[]}']) {
      writeFileSync(join(directory, 'keeper.json'), text);
      assert.equal(readRecord(directory), undefined, text);
    }
    assert.equal(readRecord(join(directory, 'none')), undefined);
  });
});
