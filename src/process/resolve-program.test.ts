import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { resolveProgram } from './resolve-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'kindred-resolve-'));
after(() => rmSync(folder, { recursive: true }));
for (const name of ['a', 'b']) mkdirSync(join(folder, name));
for (const [file, mode] of [
  ['a/data', 0o644],
  ['b/data', 0o755],
  ['b/tool', 0o755],
] as const) {
  writeFileSync(join(folder, file), '');
  chmodSync(join(folder, file), mode);
}
mkdirSync(join(folder, 'a/tool'));
const env = { PATH: `${folder}/a:${folder}/b` };

it('finds on the PATH of the child what may be run, and is no directory', () => {
  assert.equal(resolveProgram('tool', { env }), join(folder, 'b/tool'));
  assert.equal(resolveProgram('data', { env }), join(folder, 'b/data'));
});

it('takes a path as it is, from the working directory of the child', () => {
  assert.equal(resolveProgram(join(folder, 'b/tool'), { env: {} }), join(folder, 'b/tool'));
  assert.equal(resolveProgram('./tool', { env, cwd: join(folder, 'b') }), join(folder, 'b/tool'));
  assert.equal(resolveProgram('b/tool', { env, cwd: folder }), join(folder, 'b/tool'));
});

it('takes an empty part of the PATH for the working directory, as execvp does', () => {
  assert.equal(
    resolveProgram('tool', { env: { PATH: ':/none' }, cwd: join(folder, 'b') }),
    join(folder, 'b/tool'),
  );
});

it('finds no script whose interpreter is missing', () => {
  for (const [name, line] of [
    ['well', '#! /bin/sh -e'],
    ['badly', '#!/no/such/interpreter'],
  ] as const)
    writeFileSync(join(folder, name), `${line}\n`, { mode: 0o755 });
  assert.equal(resolveProgram('./well', { env, cwd: folder }), join(folder, 'well'));
  assert.equal(resolveProgram('./badly', { env, cwd: folder }), undefined);
});

it('finds nothing where there is nothing to run', () => {
  for (const command of ['', 'none', './none', 'a/data', 'tool\0'])
    assert.equal(resolveProgram(command, { env, cwd: folder }), undefined, command);
  assert.notEqual(resolveProgram('sh', { env: {} }), undefined);
});
