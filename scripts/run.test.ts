// The tasks of `npm run`, and the soaks.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { soaks } from './soaks.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string): string => readFileSync(`${root}${file}`, 'utf8');

test('every script of package.json is a task, and every task a file that exists', () => {
  const tasks = new Map(
    [...read('scripts/run.mjs').matchAll(/^ {2}'?([\w:]+)'?: \['([^']+)'/gm)].map(([, task, file]) => [
      task,
      file,
    ]),
  );
  const scripts: Record<string, string> = JSON.parse(read('package.json')).scripts;
  for (const [name, command] of Object.entries(scripts)) {
    assert.equal(command, `node scripts/run.mjs ${name}`);
    const file = tasks.get(name);
    assert.ok(file !== undefined && existsSync(`${root}${file}`), `${name}: ${file}`);
  }
  assert.equal(tasks.size, Object.keys(scripts).length);
});

test('every soak names test files that exist, and is bounded', () => {
  const files = globSync('{src,test}/**/*.test.ts', { cwd: root });
  for (const [name, soak] of Object.entries(soaks)) {
    for (const word of soak.files)
      assert.ok(
        files.some((file) => file.includes(word)),
        `${name}: ${word}`,
      );
    assert.ok(Number.isInteger(soak.times) && soak.times > 0, name);
  }
});

test('npm run soak lists the soaks, and refuses one that it does not know', () => {
  const { status, stdout } = soak();
  assert.equal(status, 0);
  for (const [name, { shows }] of Object.entries(soaks))
    assert.match(stdout, new RegExp(`^${name} +${shows}$`, 'm'));
  const unknown = soak('nothing');
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /there are: settle, /);
});

test('a count that is none is refused before anything runs', () => {
  const { status, stdout } = soak('settle', '--times', 'x');
  assert.deepEqual({ status, stdout }, { status: 2, stdout: '' });
});

function soak(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['scripts/soak.ts', ...args], { cwd: root, encoding: 'utf8' });
}
