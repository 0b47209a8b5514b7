// The one way into every npm script: `node scripts/run.mjs TASK [ARGS]`.
//
// It must run on whatever Node.js a fresh machine has (20 or newer), so it is plain JavaScript:
// it installs what is missing, then starts the task on the workspace's own Node.js.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const inRoot = (...parts) => join(root, ...parts);

const tasks = {
  demo: ['examples/demo/main.ts'],
  test: ['scripts/test.ts'],
  'test:system': ['scripts/test.ts', '--system'],
  'test:floors': ['scripts/floors.ts'],
  check: ['scripts/check.ts'],
  build: ['scripts/build.ts'],
  bench: ['bench/main.ts'],
  soak: ['scripts/soak.ts'],
};

const [task = '', ...args] = process.argv.slice(2);
const command = tasks[task];
if (!command) {
  console.error(`unknown task '${task}'; there are: ${Object.keys(tasks).join(', ')}`);
  process.exit(2);
}

if (!isInstalled()) install();
run([...command, ...args]);

/** Whether every package of the lockfile is there, in its version (other platforms' excepted). */
function isInstalled() {
  const ownNode = inRoot('node_modules', 'node', 'bin', 'node');
  const installed = readPackages(inRoot('node_modules', '.package-lock.json'));
  if (!installed || !existsSync(ownNode)) return false;
  const wanted = readPackages(inRoot('package-lock.json')) ?? {};
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' || entry.optional || entry.peer || installed[path]?.version === entry.version,
  );
}

function readPackages(lockfile) {
  try {
    return JSON.parse(readFileSync(lockfile, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function install() {
  console.error('installing what package-lock.json names ...');
  // npm's own engine warnings speak of the Node.js that runs npm, not of the one used here.
  const npm = spawnSync('npm', ['ci', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (npm.status !== 0) {
    console.error(`'npm ci' failed${npm.error ? `: ${npm.error.message}` : ''}`);
    process.exit(1);
  }
  if (!isInstalled()) {
    console.error("'npm ci' left packages out: are install scripts, or dev dependencies, switched off?");
    process.exit(1);
  }
}

function run(argv) {
  const { PATH = '', NODE_OPTIONS = '' } = process.env;
  const child = spawn(inRoot('node_modules', 'node', 'bin', 'node'), argv, {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      // Children find the workspace's Node.js and tools first ...
      PATH: [inRoot('node_modules', 'node', 'bin'), inRoot('node_modules', '.bin'), PATH].join(delimiter),
      // ... resolve `kindred` to the sources, and keep quiet about type stripping on Node.js 22.
      NODE_OPTIONS:
        `--conditions=@kindred/source --disable-warning=ExperimentalWarning ${NODE_OPTIONS}`.trim(),
    },
  });
  // A terminal's Ctrl-C reaches the task by itself; this process only waits for its end.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
