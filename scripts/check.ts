// npm run check [-- --fix]   everything that holds without running the program
//   --fix   formats, applies the linter's safe mends, and writes the generated documents anew
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkArchitecture, writeArchitecture } from '../tools/architecture.ts';
import { checkLayering } from '../tools/layering.ts';
import { checkLinks } from '../tools/links.ts';
import { checkMachinePaths } from '../tools/machine-paths.ts';
import { checkManifests } from '../tools/manifests.ts';
import { checkReference } from '../tools/reference.ts';
import { checkSnippets, writeSnippets } from '../tools/snippets.ts';
import { checkSyntax } from '../tools/syntax.ts';
import { checkTypes } from '../tools/types.ts';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[/\\]$/, '');
const { values: options } = parseArgs({ options: { fix: { type: 'boolean', default: false } } });

/** Each gives the problems it found, one a line. */
const checks: Record<string, (root: string) => string[] | Promise<string[]>> = {
  'types, with and without Node.js': checkTypes,
  'format and lint': checkStyle,
  'who imports whom': checkLayering,
  'no runtime dependency in the core': checkManifests,
  'syntax that every supported Node.js reads': checkSyntax,
  'no path of one machine': checkMachinePaths,
  'ARCHITECTURE.md agrees with the layers': checkArchitecture,
  'links in the documents': checkLinks,
  'code in the documents is code that is run': checkSnippets,
  'the reference names what is exported': checkReference,
};

if (options.fix) {
  biome('check', '--write');
  writeArchitecture(root);
  writeSnippets(root);
}

const count = { passed: 0, failed: 0 };
for (const [name, check] of Object.entries(checks)) {
  const problems = await check(root);
  count[problems.length === 0 ? 'passed' : 'failed'] += 1;
  console.log(`${problems.length === 0 ? '✔' : '✖'} ${name}`);
  for (const problem of problems) console.log(`    ${problem}`);
}
console.log(`${count.passed} passed, ${count.failed} failed`);
process.exitCode = count.failed === 0 ? 0 : 1;

function checkStyle(): string[] {
  const { ok, output } = biome('check', '--error-on-warnings');
  return ok ? [] : output.split('\n');
}

function biome(...args: string[]): { ok: boolean; output: string } {
  const { status, stdout, stderr } = spawnSync('biome', args, { cwd: root, encoding: 'utf8' });
  return { ok: status === 0, output: `${stdout}${stderr}`.trim() };
}
