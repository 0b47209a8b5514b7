// Programs of other languages, with what they bring along.
import assert from 'node:assert/strict';
import { execFile, spawn as nodeSpawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect, serve } from 'kindred';
import { spawn } from 'kindred/process';

const script = fileURLToPath(new URL('./fixtures/stranger.py', import.meta.url));
interface Python {
  add(...numbers: number[]): number;
  ask(): void;
  nothing(): void;
}

describe('a child in Python', () => {
  for (const channel of ['descriptor', 'stdio'] as const)
    it(`calls and is called over ${channel}`, async () => {
      const child = spawn('python3', ['-u', script, channel], { channel });
      const { promise: told, resolve: tell } = Promise.withResolvers<string>();
      const python = await connect<Python>(child, { serve: { name: () => 'a Kindred', told: tell } });
      assert.equal(await python.call.add(1, 2, 3), 6);
      assert.equal(python.kindred, false);
      await python.call.ask();
      assert.equal(await told, 'a Kindred');
      await assert.rejects(python.call.nothing(), { code: 'ERR_METHOD_NOT_FOUND', message: 'no nothing' });
      await python.close();
      assert.deepEqual(await child.exited, { exitCode: 0, signal: null });
    });
});

describe('a child in Python with the one file that the examples bring', () => {
  const greeter = fileURLToPath(new URL('../../examples/python/greeter.py', import.meta.url));
  interface Greeter {
    greet(name: string): string;
    count(to: number): AsyncIterable<number>;
    divide(a: number, b: number): number;
  }
  for (const channel of ['descriptor', 'stdio'] as const)
    it(`calls and is called over ${channel}`, async () => {
      const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
      const child = spawn('python3', [greeter], { channel, env });
      const divided: number[][] = [];
      const serve = { word: () => 'Hello', divided: (...numbers: number[]) => divided.push(numbers) };
      const python = await connect<Greeter>(child, { serve });
      assert.equal(await python.call.greet('world'), 'Hello, world.');
      assert.equal(
        await python.with({ params: 'named' }).call.greet({ name: 'you' } as never),
        'Hello, you.',
      );
      const counted: number[] = [];
      for await (const n of python.call.count(3)) counted.push(n);
      assert.deepEqual(counted, [1, 2, 3]);
      assert.equal(await python.call.divide(1, 2), 0.5);
      await assert.rejects(python.call.divide(1, 0), { code: 'ERR_REMOTE', message: 'division by zero' });
      assert.deepEqual(divided, [
        [1, 2],
        [1, 0],
      ]);
      await python.close();
      assert.deepEqual(await child.exited, { exitCode: 0, signal: null });
    });
});

it('nc -U gets its answer from the socket on which others speak binary and Content-Length', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kindred-nc-'));
  const path = join(folder, 'app.sock');
  const service = { add: (a: number, b: number) => a + b };
  const server = await serve(`unix:${path}`, service);
  const kindred = await connect<typeof service>(server.address);
  const editor = await connect<typeof service>(server.address, { dialect: 'json-headers' });
  assert.equal(await kindred.call.add(1, 1), 2);
  assert.equal(await editor.call.add(2, 2), 4);
  const nc = nodeSpawn('sh', [
    '-c',
    `printf '{"jsonrpc":"2.0","id":1,"method":"add","params":[1,2]}\\n' | nc -N -U ${path}`,
  ]);
  let answer = '';
  for await (const chunk of nc.stdout) answer += String(chunk);
  assert.equal(answer, '{"jsonrpc":"2.0","id":1,"result":3}\n');
  assert.equal(await kindred.call.add(5, 5), 10);
  assert.equal(kindred.kindred, true);
  await Promise.all([kindred.close(), editor.close()]);
  await server.close();
  rmSync(folder, { recursive: true });
});

it('socat and jq read a stream', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kindred-socat-'));
  const path = join(folder, 'app.sock');
  const server = await serve(`unix:${path}`, {
    async *countdown(from: number) {
      while (from > 0) yield from--;
    },
  });
  const request = '{"jsonrpc":"2.0","id":1,"method":"countdown","params":[3]}';
  const { stdout } = await new Promise<{ stdout: string }>((resolve, reject) => {
    execFile(
      'sh',
      [
        '-c',
        `echo '${request}' | socat -t 10 - UNIX-CONNECT:${path} | jq -c 'select(.method=="$/item").params.value'`,
      ],
      (error, out) => (error === null ? resolve({ stdout: out }) : reject(error)),
    );
  });
  assert.equal(stdout, '3\n2\n1\n');
  await server.close();
  rmSync(folder, { recursive: true });
});
