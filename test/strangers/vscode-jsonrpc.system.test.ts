// vscode-jsonrpc, which editors and language servers speak with, on either side.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { connect, serve, type Target } from 'kindred';
import { spawn } from 'kindred/process';
import { within } from '../stories/fixtures/deadline.ts';
import { program, reportOf, startServer } from './programs.ts';
import { service } from './service.ts';
import { assertFailures, type TheirService } from './their-service.ts';

const folder = mkdtempSync(join(tmpdir(), 'kindred-vscode-'));
process.env['KINDRED_RUNTIME_DIR'] = join(folder, 'run');
after(() => rmSync(folder, { recursive: true }));

describe('a client by vscode-jsonrpc', () => {
  const report = {
    added: 6,
    greeted: 'Hello, editor.',
    asked: 'the editor was asked',
    failed: { code: 42, message: 'not today', data: { why: 'rain' } },
    missing: -32601,
    cancelled: -32800,
    progress: [{ percent: 25 }, { percent: 75 }],
    worked: 'done',
    heard: ['a notification', 'cancelled', ['theirs', 'half']],
  };

  it('calls a Kindred that it has started, over stdio', async () => {
    assert.deepEqual(await reportOf('vscode-client.js', 'stdio', program('over-stdio.ts')), report);
  });

  for (const [where, address, how] of [
    ['over a TCP socket', 'tcp://127.0.0.1:0', 'tcp'],
    ['over a Unix domain socket', `unix:${folder}/editor.sock`, 'pipe'],
    ['at the socket of a named endpoint', 'local:editor', 'pipe'],
  ] as const)
    it(`calls a Kindred ${where}`, async () => {
      const server = await serve(address, service);
      const place =
        how === 'tcp'
          ? new URL(server.address).port
          : address.replace(/^unix:/, '').replace(/^local:(.*)/, `${folder}/run/$1.sock`);
      assert.deepEqual(await reportOf('vscode-client.js', how, place), report);
      await server.close();
    });
});

interface Editor extends TheirService {
  ask(): string;
  wait(): string;
  work(work: { token: string }): string;
  '$/progress'(progress: { token: string; value: unknown }): void;
}

describe('a server by vscode-jsonrpc', () => {
  async function converse(target: Target): Promise<void> {
    const waiting = Promise.withResolvers<void>();
    const stopped = Promise.withResolvers<void>();
    const progress: unknown[] = [];
    const here = {
      name: () => 'a Kindred',
      waiting: () => waiting.resolve(),
      stopped: () => stopped.resolve(),
      '$/progress': (told: unknown) => progress.push(told),
    };
    const peer = await connect<Editor>(target, { dialect: 'json-headers', serve: here });
    assert.equal(await peer.call.add(1, 2, 3), 6);
    assert.equal(peer.kindred, false);
    assert.equal(await peer.call.greet({ name: 'Kindred' }), 'Hello, Kindred.');
    assert.equal(await peer.call.ask(), 'a Kindred was asked');
    await assertFailures(peer);

    const patience = new AbortController();
    const cancelled = assert.rejects(peer.with({ signal: patience.signal }).call.wait(), {
      code: 'ERR_CANCELLED',
    });
    await within('the server waits', waiting.promise);
    patience.abort();
    await cancelled;
    await within('the server hears of the cancel', stopped.promise);

    assert.equal(await peer.call.work({ token: 'own' }), 'done');
    assert.deepEqual(progress, [
      { token: 'own', value: { percent: 25 } },
      { token: 'own', value: { percent: 75 } },
    ]);
    await peer.notify.note('a notification');
    await peer.with({ params: 'named' }).notify['$/progress']({ token: 'theirs', value: 'half' });
    assert.deepEqual(await peer.call.heard(), ['a notification', ['theirs', 'half']]);
    await peer.close();
  }

  it('is called by a Kindred that has started it, over stdio', async () => {
    const child = spawn(process.execPath, [program('vscode-server.js'), 'stdio'], { channel: 'stdio' });
    await converse(child);
    assert.deepEqual(await child.exited, { exitCode: 0, signal: null });
  });

  it('is called over a TCP socket', async () => {
    const { line: port, stop } = await startServer('vscode-server.js', 'tcp');
    await converse(`tcp://127.0.0.1:${port}`);
    await stop();
  });

  it('is called at a named endpoint', async () => {
    const path = join(folder, 'theirs.sock');
    const { stop } = await startServer('vscode-server.js', 'pipe', path);
    await converse(`unix:${path}`);
    await stop();
  });
});
