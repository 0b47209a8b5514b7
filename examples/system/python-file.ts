/** Python 3 with nothing but its standard library (`examples/python/kindred.py`): a child, a client and a server. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, type KindredError, serve } from 'kindred';
import { spawn } from 'kindred/process';

const folder = mkdtempSync(join(tmpdir(), 'kindred-python-'));
const python = (name: string): string => fileURLToPath(new URL(`../python/${name}`, import.meta.url));

const greeter = python('greeter.py');
// #region child
interface Greeter {
  greet(name: string): string;
  count(to: number): AsyncIterable<number>;
  divide(a: number, b: number): number;
}

const divided: [number, number][] = [];
const here = {
  word: () => 'Hello',
  divided: (a: number, b: number) => divided.push([a, b]),
};

const child = spawn('python3', [greeter], { channel: 'descriptor' });
const peer = await connect<Greeter>(child, { serve: here });
assert.equal(await peer.call.greet('world'), 'Hello, world.');
const counted: number[] = [];
for await (const n of peer.call.count(3)) counted.push(n);
assert.deepEqual(counted, [1, 2, 3]);
// #endregion

// #region error
assert.equal(await peer.call.divide(1, 2), 0.5);
assert.deepEqual(divided, [[1, 2]]);
await assert.rejects(peer.call.divide(1, 0), (error: KindredError) => {
  assert.equal(error.message, 'division by zero');
  assert.equal(error.name, 'ZeroDivisionError');
  return error.code === 'ERR_REMOTE' && error.outcome === 'executed';
});
// #endregion
await peer.close();
assert.deepEqual(await child.exited, { exitCode: 0, signal: null });

const path = join(folder, 'app.sock');
const logged: string[] = [];
// #region server
const server = await serve<{ hello(text: string): void }>(`unix:${path}`, (caller) => ({
  add: (a: number, b: number) => a + b,
  subtract: (minuend: number, subtrahend: number) => minuend - subtrahend,
  async *countdown(from: number) {
    while (from > 0) yield from--;
  },
  fail() {
    throw new Error('not today');
  },
  log: (text: string) => logged.push(text),
  async greetBack() {
    await caller.call.hello('hello from Kindred');
    return 'greeted';
  },
}));
// #endregion
const ask = spawn('python3', [python('ask.py'), path], { stdio: ['ignore', 'pipe', 'inherit'] });
const said: string[] = [];
for await (const line of ask.lines()) said.push(line);
assert.deepEqual(said, ['3', '3', '3', '2', '1', 'not today (-32000)', "greeted ['hello from Kindred']"]);
assert.deepEqual(await ask.exited, { exitCode: 0, signal: null });
assert.deepEqual(logged, ['from Python']);
await server.close();

const [guardedPath, secretFile] = [join(folder, 'guarded.sock'), join(folder, 'app.secret')];
const guarded = await serve(
  `unix:${guardedPath}`,
  { add: (a: number, b: number) => a + b },
  { secret: { file: secretFile, create: true } },
);
const knows = spawn('python3', [python('with_secret.py'), guardedPath, secretFile], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const answers: string[] = [];
for await (const line of knows.lines()) answers.push(line);
assert.deepEqual(answers, ['3']);
assert.deepEqual(await knows.exited, { exitCode: 0, signal: null });
await guarded.close();

const mathPath = join(folder, 'math.sock');
const mathServer = spawn('python3', [python('math_server.py'), mathPath], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
await once(mathServer.stdout, 'data');
// #region connect
const math = await connect<{ add(...numbers: number[]): number }>(`unix:${mathPath}`);
assert.equal(await math.call.add(1, 2, 3), 6);
await math.close();
// #endregion
mathServer.kill();
await mathServer.exited;
rmSync(folder, { recursive: true });
