// The tour that a newcomer takes first: it holds, it cleans up, and it says where it failed.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { leftovers } from '../../examples/demo/leftovers.ts';
import { createPrivatePlace, type PrivatePlace } from './private-place.ts';
import { type Outcome, runProgram } from './run-program.ts';

async function demo(prepare: (place: PrivatePlace) => void): Promise<Outcome & { left: string[] }> {
  const place = createPrivatePlace();
  try {
    prepare(place);
    const outcome = await runProgram('examples/demo/main.ts', place.env);
    return { ...outcome, left: place.leftovers() };
  } finally {
    place.remove();
  }
}

it('shows every distance in 80 columns, ends with 0 and leaves nothing behind', async () => {
  const { code, stdout, stderr, left } = await demo(() => {});
  assert.equal(code, 0, stdout + stderr);
  assert.equal(stderr, '');
  const told = ['stdio', 'native IPC', 'descriptor 3', 'a thread', 'unrelated', 'TCP', 'TLS', 'by net'];
  for (const word of [...told, 'ERR_CANCELLED', 'ERR_TIMEOUT', 'executed', 'unknown', 'not-sent'])
    assert.ok(stdout.includes(word), `the demo shows ${word}`);
  for (const line of stdout.split('\n')) assert.ok(line.length <= 80, `wider than a terminal: ${line}`);
  assert.deepEqual(left, []);
});

it('ends with 1 and the name of the step that failed, and leaves nothing behind', async () => {
  const { code, stdout, stderr, left } = await demo(({ runtime }) => chmodSync(runtime, 0o777));
  assert.equal(code, 1);
  assert.match(stderr, /✖ serve at local:demo-\d+\n[\s\S]*ERR_UNSAFE_DIRECTORY/);
  assert.match(stdout, /The demo failed at: serve at local:demo-\d+/);
  assert.deepEqual(left, []);
});

it('fails when a caller cannot do its part', async () => {
  // A thread and every child but the unrelated ones inherit what breaks them here.
  const { code, stderr, left } = await demo(({ env }) => {
    env['NODE_OPTIONS'] = `${env['NODE_OPTIONS'] ?? ''} --import=data:text/javascript,${encodeURIComponent(
      "if (process.argv[1]?.endsWith('caller.ts')) process.exit(7)",
    )}`;
  });
  assert.equal(code, 1);
  assert.match(stderr, /✖ a child over stdio\n[\s\S]*ended with 7/);
  assert.deepEqual(left, []);
});

it('leaves nothing behind where it is interrupted', async () => {
  const place = createPrivatePlace();
  try {
    const child = spawn(process.execPath, ['examples/demo/main.ts'], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: place.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    for await (const text of child.stdout.setEncoding('utf8'))
      if (text.includes('a child over stdio')) child.kill('SIGINT');
    assert.deepEqual(await exited, [1, null]);
    assert.deepEqual(place.leftovers(), []);
  } finally {
    place.remove();
  }
});

it('sees what is left behind', async () => {
  const resources = [...process.getActiveResourcesInfo(), 'Timeout'];
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  const { pid = 0 } = child;
  assert.ok((await leftovers([], resources)).includes(`process ${pid}`));
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.deepEqual(await leftovers([pid], resources), []);
});
