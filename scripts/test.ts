// npm test [-- PATTERN...]   runs the test files whose path contains a PATTERN (default: all)
// npm run test:system        runs the *.system.test.ts files, which need programs from outside
import { globSync } from 'node:fs';
import { resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { missingPrograms } from './system-programs.ts';

const everywhere = ['src', 'packages/*/src', 'test'];
const concurrency = 2;
/** A test file that takes longer hangs: it is killed and fails. */
const fileTimeoutMs = 120_000;

const { values: options, positionals: patterns } = parseArgs({
  options: { system: { type: 'boolean', default: false } },
  allowPositionals: true,
});

if (options.system) {
  const missing = missingPrograms();
  if (missing.length > 0)
    fail(`missing: ${missing.map(({ program }) => program).join(', ')}
install them with: apt-get install -y ${missing.map(({ debian }) => debian).join(' ')}`);
}

const files = everywhere
  .flatMap((folder) => globSync(`${folder}/**/*.test.ts`))
  .filter((file) => file.endsWith('.system.test.ts') === options.system)
  .filter(
    (file) =>
      patterns.length === 0 || patterns.some((pattern) => file.includes(pattern.replace(/^\.\//, ''))),
  );
if (files.length === 0) fail(`no test file matches ${patterns.join(' ') || 'anything'}`);

const count = { passed: 0, failed: 0, skipped: 0 };
/** Files that have not yet shown a test of their own. */
const silent = new Set(files.map((file) => resolve(file)));

run({ files, concurrency, timeout: fileTimeoutMs })
  .on('test:pass', (event) => tally(event, event.skip !== undefined ? 'skipped' : 'passed'))
  .on('test:fail', (event) => tally(event, event.todo !== undefined ? 'skipped' : 'failed'))
  .compose(spec())
  .on('end', finish)
  .pipe(process.stdout);

interface Outcome {
  readonly name: string;
  readonly file?: string | undefined;
  readonly details: { readonly type?: string | undefined };
}

function tally({ name, file, details }: Outcome, outcome: keyof typeof count): void {
  // The runner reports a file without tests, or one that crashed, as a test named after it.
  const isFile = file !== undefined && resolve(name) === file;
  if (isFile && outcome !== 'failed') return;
  if (file !== undefined) silent.delete(file);
  if (details.type !== 'suite') count[outcome] += 1;
}

function finish(): void {
  for (const file of silent) console.log(`no test ran in ${file}`);
  const failed = count.failed + silent.size;
  const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
  console.log(`${count.passed} passed, ${failed} failed${skipped}`);
  process.exitCode = failed > 0 || count.passed === 0 ? 1 : 0;
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
