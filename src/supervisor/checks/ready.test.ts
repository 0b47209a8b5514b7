import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { ProcessEntry } from '../keeper/keeper.ts';
import type { ReadySpec } from '../stack/stack.ts';
import { planReady, type ReadyPlan, readyMs } from './ready.ts';

const root = mkdtempSync(join(tmpdir(), 'ready-'));
const logDirectory = join(root, 'logs');
mkdirSync(logDirectory);
// What is read here keeps no process alive.
const awake = setInterval(() => {}, 1000);
after(() => {
  clearInterval(awake);
  rmSync(root, { recursive: true, force: true });
});
const skip = process.platform === 'win32' && 'there is no mkfifo';

const startedAt = 1_700_000_000_000;

function entry(more: Partial<ProcessEntry> = {}): ProcessEntry {
  return {
    spec: {
      id: 'web.1#1',
      command: 'web',
      args: [],
      env: {},
      cwd: root,
      onParentDeath: 'die',
      log: 'web.1',
      logs: { maxBytes: 1000, files: 1, format: 'text' },
      listeners: [],
      lines: [],
    },
    identity: { pid: 1 },
    startedAt,
    lines: {},
    ...more,
  };
}

const plan = (spec: ReadySpec | undefined): Promise<ReadyPlan> =>
  planReady(spec, { id: 'web.1#1', directory: root });

function watching(
  plan: ReadyPlan,
  of = entry(),
): { ready: Promise<string>; isReady(): boolean; over: AbortController } {
  const over = new AbortController();
  let isReady = false;
  const ready = plan.watch(of, { logDirectory, signal: over.signal }).then((how) => {
    isReady = how === 'ready';
    return how;
  });
  return { ready, isReady: () => isReady, over };
}

describe('a process is ready', { skip }, () => {
  it('at once where nothing is said', async () => {
    for (const spec of [undefined, { by: 'start' }] as const)
      assert.equal(await watching(await plan(spec)).ready, 'ready');
  });

  it('when the keeper has heard it say so on a descriptor', async () => {
    for (const [spec, to] of [
      ['call', 'ready'],
      [{ fd: 5 }, '5'],
    ] as const) {
      const made = await plan(spec);
      assert.deepEqual(made.lines, [{ to: to === '5' ? 5 : to }]);
      assert.equal(made.readyLine, to === '5' ? 5 : to);
      const { isReady, over, ready } = watching(made);
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(isReady(), false);
      over.abort();
      assert.equal(await ready, 'cancelled');
      assert.equal(await watching(made, entry({ readyAt: startedAt + 1 })).ready, 'ready');
    }
  });

  it('when something accepts at its port', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const { ready, isReady } = watching(await plan({ tcp: port }));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isReady(), false);
    server.listen(port, '127.0.0.1');
    assert.equal(await ready, 'ready');
    server.close();
  });

  it('when it answers over HTTP with a good status', async () => {
    let status = 503;
    let asked = 0;
    const server = createHttpServer((_request, response) => {
      if (++asked === 3) status = 200;
      response.writeHead(status).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    assert.equal(await watching(await plan({ http: `http://127.0.0.1:${port}/health` })).ready, 'ready');
    assert.equal(asked, 3);
    server.close();
  });

  it('when a line of its output says so: one of its own, not of the process before', async () => {
    const log = join(logDirectory, 'web.1.log');
    const at = (ms: number): string => new Date(startedAt + ms).toISOString();
    for (const output of ['listening', /^listening at \d+$/g]) {
      writeFileSync(log, `${at(-1)} out listening at 1\n${at(1)} note listening at 2\n`);
      const { ready, isReady } = watching(await plan({ output }));
      await new Promise((resolve) => setImmediate(resolve));
      appendFileSync(log, `${at(2)} out not yet\n${at(3)} err liste`);
      assert.equal(isReady(), false);
      appendFileSync(log, 'ning at 8080\n');
      assert.equal(await ready, 'ready');
      rmSync(log);
    }
  });

  it('when a line says so behind a rotation, or in a log of objects', async () => {
    const log = join(logDirectory, 'web.1.log');
    const at = (ms: number): string => new Date(startedAt + ms).toISOString();
    writeFileSync(log, `${at(1)} out not yet\n`);
    const { ready } = watching(await plan({ output: 'listening' }));
    await new Promise((resolve) => setImmediate(resolve));
    renameSync(log, `${log}.1`);
    writeFileSync(log, `${JSON.stringify({ at: at(2), log: 'web.1', stream: 'out', text: 'listening' })}\n`);
    assert.equal(await ready, 'ready');
    for (const file of [log, `${log}.1`]) rmSync(file);
  });

  it('when its file is there, and newer than its start', async () => {
    const file = join(root, 'ready-file');
    writeFileSync(file, '');
    utimesSync(file, startedAt / 1000 - 60, startedAt / 1000 - 60);
    const { ready, isReady } = watching(await plan({ file: 'ready-file' }));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isReady(), false);
    utimesSync(file, startedAt / 1000, startedAt / 1000);
    assert.equal(await ready, 'ready');
  });

  it('never, where it is given up before', async () => {
    for (const spec of [
      { tcp: '127.0.0.1:1' },
      { http: 'http://127.0.0.1:1/' },
      { output: 'x' },
      { file: 'none' },
    ]) {
      const { ready, over } = watching(await plan(spec));
      over.abort();
      assert.equal(await ready, 'cancelled', JSON.stringify(spec));
    }
  });

  it('in 30 s, where nothing else is said', () => {
    assert.equal(readyMs('call'), 30_000);
    assert.equal(readyMs({ tcp: 1, timeoutMs: 5 }), 5);
  });
});
