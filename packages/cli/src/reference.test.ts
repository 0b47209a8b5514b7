// docs/reference/command.md against the command itself.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { exitCodeMeanings, exitCodes } from './exit-codes.ts';
import { createProgram } from './run.ts';
import type { Terminal } from './terminal.ts';

const page = readFileSync(new URL('../../../docs/reference/command.md', import.meta.url), 'utf8');
const program = createProgram({ paint: (_: string, text: string) => text } as Terminal);

test('the reference page has a section for every command and names every option', () => {
  for (const command of program.commands) {
    assert.ok(page.includes(`\n## ${command.name()}\n`), command.name());
    for (const { long } of command.options)
      assert.ok(page.includes(`\`${long}`), `${command.name()} ${long}`);
  }
});

test('the reference page says of every exit code what --help says', () => {
  for (const name of Object.keys(exitCodes) as (keyof typeof exitCodes)[])
    assert.ok(page.includes(`| ${exitCodes[name]} | ${exitCodeMeanings[name]} |`), name);
});
