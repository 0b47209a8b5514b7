// Every file of examples/ is a program that asserts its own result.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Examples are written for the workspace's own Node.js, whose syntax an older one may not know. */
const [major = 0] = process.versions.node.split('.').map(Number);

for (const example of globSync('examples/*.ts', { cwd: root })) {
  test(`${example} runs and ends well`, { skip: major < 24 && 'needs Node.js 24' }, async () => {
    const child = spawn(process.execPath, [example], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const [stdout, stderr, code] = await Promise.all([
      child.stdout.setEncoding('utf8').toArray(),
      child.stderr.setEncoding('utf8').toArray(),
      new Promise((resolve) => child.once('exit', (status, signal) => resolve(status ?? signal))),
    ]);
    assert.equal(code, 0, [...stdout, ...stderr].join(''));
  });
}
