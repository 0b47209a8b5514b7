// npm test [-- PATTERN...]   runs the test files whose path contains a PATTERN (default: all)
// npm run test:system        runs the *.system.test.ts files, which need programs from outside
import { globSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { installPackages } from './install-packages.ts';
import { missingPrograms } from './system-programs.ts';

const everywhere = ['src', 'packages/*/src', 'test', 'tools', 'scripts', 'bench/measure', 'bench/report'];
const concurrency = 2;
/** Hundreds of short processes load the same sources: each is stripped of its types and compiled once. */
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, '..', '.cache', 'compiled');
/** A test file that takes longer hangs: it is killed and fails. A soak has more to do. */
const fileTimeoutMs = 120_000 * Number(process.env['KINDRED_SOAK'] ?? 1);

const { values: options, positionals: patterns } = parseArgs({
  options: { system: { type: 'boolean', default: false } },
  allowPositionals: true,
});

if (options.system) {
  const missing = missingPrograms();
  if (missing.length > 0)
    fail(`missing: ${missing.map(({ program }) => program).join(', ')}
install them with: apt-get install -y ${missing.map(({ debian }) => debian).join(' ')}`);
  installPackages('test/strangers');
}

const files = everywhere
  .flatMap((folder) => globSync(`${folder}/**/*.test.ts`))
  .filter((file) => !file.includes('node_modules'))
  .filter((file) => file.endsWith('.system.test.ts') === options.system)
  .filter(
    (file) =>
      patterns.length === 0 || patterns.some((pattern) => file.includes(pattern.replace(/^\.\//, ''))),
  );
if (files.length === 0) fail(`no test file matches ${patterns.join(' ') || 'anything'}`);

const count = { passed: 0, failed: 0, skipped: 0 };
const reporter = spec();
reporter.pipe(process.stdout);
reporter.once('end', () => {
  const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
  console.log(`${count.passed} passed, ${count.failed} failed${skipped}`);
  process.exitCode = count.failed > 0 || count.passed === 0 ? 1 : 0;
});

await Promise.all(Array.from({ length: concurrency }, runWaitingFiles));
reporter.end();

async function runWaitingFiles(): Promise<void> {
  for (let file = files.shift(); file !== undefined; file = files.shift()) await runFile(resolve(file));
}

/** One runner for each file: a runner's `timeout` is for each test, and misses a file that never ends. */
async function runFile(file: string): Promise<void> {
  const lastResort = setTimeout(
    () => fail(`${file} was stopped, but a process that it started lives on and holds its output`),
    fileTimeoutMs + 10_000,
  );
  const events: TestEvent[] = [];
  for await (const event of run({ files: [file], signal: AbortSignal.timeout(fileTimeoutMs) })) {
    if (!isClosing(event)) events.push(event);
  }
  clearTimeout(lastResort);

  const results = events.flatMap((event) => result(event, file) ?? []);
  for (const each of results) count[each] += 1;
  // Written at once, so that files that run side by side do not mix.
  for (const event of events) reporter.write(event);
  if (results.length > 0) return;
  count.failed += 1;
  console.log(`✖ no test ran in ${file}`);
}

type TestEvent = ReturnType<typeof run> extends AsyncIterable<infer Event> ? Event : never;

/** The figures that a runner closes with; ours come once, at the end. */
function isClosing({ type, data }: TestEvent): boolean {
  return (
    type === 'test:summary' || (type === 'test:diagnostic' && data.nesting === 0 && data.file === undefined)
  );
}

function result({ type, data }: TestEvent, file: string): keyof typeof count | undefined {
  if (type !== 'test:pass' && type !== 'test:fail') return undefined;
  if (data.details.type === 'suite') return undefined;
  // The runner reports a file without tests, or one that broke down, as a test named after it.
  if (type === 'test:pass' && resolve(data.name) === file) return undefined;
  if (data.skip !== undefined || data.todo !== undefined) return 'skipped';
  return type === 'test:pass' ? 'passed' : 'failed';
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
