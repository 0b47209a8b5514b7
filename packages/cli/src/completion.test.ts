// `kindred completion`: the scripts, and what a shell does with them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { useKindredCommand } from '../../../test/programs/kindred-command.ts';
import { createProgram } from './run.ts';
import type { Terminal } from './terminal.ts';

const command = useKindredCommand();
const scripts = { bash: '', zsh: '', fish: '' };
const shells = Object.keys(scripts) as (keyof typeof scripts)[];

before(async () => {
  for (const shell of shells) {
    const { code, stdout, stderr } = await command.run(['completion', shell]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    scripts[shell] = stdout;
    writeFileSync(fileOf(shell), stdout);
  }
});

function fileOf(shell: string): string {
  return join(command.folder, `kindred.${shell}`);
}

function has(shell: string): boolean {
  return spawnSync(shell, ['-c', 'true']).status === 0;
}

test('every script knows every command and every option', () => {
  const terminal = { paint: (_: string, text: string) => text } as Terminal;
  for (const { name, options } of createProgram(terminal).commands.map((each) => ({
    name: each.name(),
    options: each.options,
  })))
    for (const shell of shells) {
      assert.ok(scripts[shell].includes(name), `${shell}: ${name}`);
      for (const { long } of options) {
        const flag = shell === 'fish' ? `-l ${long?.slice(2)}` : String(long);
        assert.ok(scripts[shell].includes(flag), `${shell}: ${name} ${flag}`);
      }
    }
});

for (const shell of shells)
  test(`the script for ${shell} is one that ${shell} can read`, {
    skip: has(shell) ? false : `${shell} is not here`,
  }, () => {
    const { status, stderr } = spawnSync(shell, ['-n', fileOf(shell)], { encoding: 'utf8' });
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  });

test('bash completes commands, options, choices and beginnings of addresses', {
  skip: has('bash') ? false : 'bash is not here',
}, () => {
  const lines: [string[], string[]][] = [
    [['kindred', 'ca'], ['call']],
    [['kindred', 'ser'], ['serve']],
    [['kindred', '--he'], ['--help']],
    [['kindred', 'call', '--ti'], ['--timeout']],
    [
      ['kindred', 'call', 'local:x', 'add', '--st'],
      ['--stream', '--string'],
    ],
    [['kindred', 'call', '--dialect', 'json-h'], ['json-headers']],
    [
      ['kindred', 'notify', '--delivery', ''],
      ['written', 'received', 'handled'],
    ],
    [['kindred', 'call', 'lo'], ['local:']],
    [
      ['kindred', 'completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['kindred', 'serve', './ma'], []],
    [['kindred', 'serve', './math.ts', '--at', 'lo'], ['local:']],
    [['kindred', 'call', '--timeout', ''], []],
  ];
  for (const [words, completions] of lines) {
    const script = `source '${fileOf('bash')}'; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _kindred; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], {
      input: scripts.bash,
      encoding: 'utf8',
    });
    assert.equal(stderr, '');
    assert.deepEqual(
      stdout.split('\n').filter((line) => line !== ''),
      completions,
      words.join(' '),
    );
  }
});

test('a shell that is not known is refused with those that are', async () => {
  const { code, stderr } = await command.run(['completion', 'tcsh']);
  assert.equal(code, 2);
  assert.match(stderr, /Allowed choices are bash, zsh, fish/);
});
