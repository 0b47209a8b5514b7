// systemd itself reads what is exported.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { unitsOf } from './systemd-units.ts';

it('writes units of which systemd-analyze has nothing to say', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kindred-units-'));
  try {
    const config = join(folder, 'a "config" of 100% $x.ts');
    writeFileSync(config, '');
    for (const whom of ['system', 'user'] as const) {
      const units = unitsOf({
        name: 'my-shop',
        config,
        directory: folder,
        command: [process.execPath, '--conditions=x', config],
        listeners: [
          { name: 'web', address: 'tcp://127.0.0.1:8080', backlog: 511 },
          { name: 'admin', address: `unix:${folder}/admin.sock`, mode: 0o600 },
        ],
        of: whom,
      });
      for (const { file, text } of units) writeFileSync(join(folder, file), text);
      const files = units.map(({ file }) => join(folder, file));
      const { status, stderr } = spawnSync(
        'systemd-analyze',
        ['verify', ...(whom === 'user' ? ['--user'] : []), '--man=no', ...files],
        {
          encoding: 'utf8',
          timeout: 30_000,
          env: { ...process.env, SYSTEMD_LOG_LEVEL: 'warning', XDG_RUNTIME_DIR: folder },
        },
      );
      // It speaks of other units of the machine too.
      const ours = stderr.split('\n').filter((line) => line.includes('kindred') || line.includes(folder));
      assert.deepEqual({ status, ours }, { status: 0, ours: [] }, stderr);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
