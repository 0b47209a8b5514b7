// `kindred completion`: what the scripts hold.
import assert from 'node:assert/strict';
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
  }
});

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

test('a shell that is not known is refused with those that are', async () => {
  const { code, stderr } = await command.run(['completion', 'tcsh']);
  assert.equal(code, 2);
  assert.match(stderr, /Allowed choices are bash, zsh, fish/);
});
