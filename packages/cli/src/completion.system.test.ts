// What shells do with the scripts of `kindred completion`.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { useKindredCommand } from '../../../test/programs/kindred-command.ts';

const command = useKindredCommand();
const inZsh = fileURLToPath(new URL('../../../test/programs/zsh-completions.zsh', import.meta.url));

/** What each prints behind the words, the last of which has only begun: an offer a line. */
const shells: Record<string, (script: string, words: readonly string[]) => string[]> = {
  bash: (script, words) => [
    '--norc',
    '-c',
    `source '${script}'; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _kindred; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ],
  zsh: (script, words) => ['-f', inZsh, script, words.join(' ')],
  fish: (script, words) => ['--no-config', '-c', `source '${script}'; complete -C '${words.join(' ')}'`],
};

const lines: [line: string, offers: string[]][] = [
  ['kindred ca', ['call']],
  ['kindred ser', ['serve']],
  ['kindred --', ['--help', '--version']],
  ['kindred call --ti', ['--timeout']],
  ['kindred call local:x add --st', ['--stream', '--string']],
  ['kindred call --dialect json-h', ['json-headers']],
  ['kindred notify --delivery ', ['handled', 'received', 'written']],
  ['kindred call lo', ['local:']],
  ['kindred completion ', ['bash', 'fish', 'zsh']],
  ['kindred serve ./ma', []],
  ['kindred serve ./math.ts --at lo', ['local:']],
  ['kindred call --timeout ', []],
];

for (const [shell, complete] of Object.entries(shells))
  describe(shell, () => {
    const script = join(command.folder, `kindred.${shell}`);
    const run = (args: string[]): string => {
      const { status, stdout, stderr } = spawnSync(shell, args, {
        cwd: command.folder,
        encoding: 'utf8',
        timeout: 30_000,
      });
      assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
      return stdout;
    };

    before(async () => {
      const { code, stdout, stderr } = await command.run(['completion', shell]);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
      writeFileSync(script, stdout);
    });

    it('can read its script', () => {
      assert.equal(run(['-n', script]), '');
    });

    for (const [line, offers] of lines)
      it(`offers ${offers.join(', ') || 'nothing'} behind '${line}'`, () => {
        const said = run(complete(script, line.split(' '))).split('\n');
        // fish says behind a tab what each is for.
        const words = said.map((each) => each.split('\t')[0] ?? '').filter((each) => each !== '');
        assert.deepEqual(words.sort(), offers);
      });
  });
