/** What a child prints never breaks the protocol that it speaks over the same stream. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { test } from 'node:test';
import { connect, type DialectName } from '../../src/index.ts';
import { fork } from '../../src/process/index.ts';
import { within } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';

interface Inheritor {
  settle(): void;
  print(line: string): void;
}

interface Chatter {
  chat(n: number): number;
  chatStream(count: number): AsyncGenerator<number>;
}

for (const early of [false, true]) {
  const when = `a child may print ${early ? 'before it serves and ' : ''}while it serves`;
  test(`${when}, in the dialect they agree on`, () => chat(early, {}, undefined));
  test(`${when}, in binary from the first byte`, () => chat(early, { kindred: true }, undefined));
  test(`${when}, in json-lines`, () => chat(early, {}, 'json-lines'));
}

async function chat(
  early: boolean,
  options: { kindred?: boolean },
  dialect: DialectName | undefined,
): Promise<void> {
  const child = fork(fixture('chatter.ts'), early ? ['early'] : [], {
    ...options,
    channel: 'stdio',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let printed = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    printed += text;
  });
  const peer = await connect<Chatter>(child, dialect === undefined ? {} : { dialect });
  for (let n = 0; n < 5; n++) assert.equal(await within('it answers', peer.call.chat(n)), n);
  const items: number[] = [];
  for await (const item of peer.call.chatStream(3)) items.push(item);
  assert.deepEqual(items, [0, 1, 2]);
  await peer.close();
  assert.deepEqual(await within('it ends', child.exited), { exitCode: 0, signal: null });
  for (const text of ['answering 4', 'a lie', 'item 2'])
    assert.ok(printed.includes(text), `"${text}" is on stderr`);
}

test('a stranger reads nothing but JSON-RPC from a child that prints while it serves', async () => {
  const child = spawn(process.execPath, [fixture('chatter.ts')], { stdio: ['pipe', 'pipe', 'ignore'] });
  const exited = once(child, 'exit');
  child.stdin.end('{"jsonrpc":"2.0","id":1,"method":"chat","params":[7]}\n');
  let said = '';
  for await (const chunk of child.stdout) said += String(chunk);
  assert.equal(said, '{"jsonrpc":"2.0","id":1,"result":7}\n');
  assert.deepEqual(await exited, [0, null]);
});

test('a line that is written to its stdout past Kindred is heard among lines of JSON, and breaks a binary channel', async () => {
  const lines: string[] = [];
  const hear = (event: unknown): void => void lines.push((event as { line: string }).line);
  subscribe('kindred:child.printed', hear);
  for (const dialect of ['json-lines', undefined] as const) {
    const child = fork(fixture('inheritor.ts'), [], { channel: 'stdio' });
    const peer = await connect<Inheritor>(child, dialect === undefined ? {} : { dialect });
    await peer.call.settle();
    const printed = peer.call.print('from below');
    if (dialect === undefined) await assert.rejects(printed, { code: 'ERR_PROTOCOL' });
    else await printed;
    await peer.close();
    await within('it ends', child.exited);
  }
  unsubscribe('kindred:child.printed', hear);
  assert.deepEqual(lines, ['from below']);
});
