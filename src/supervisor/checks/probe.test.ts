import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { serve } from '../../endpoint/serve.ts';
import { identityOfProcess, isAlive } from '../../process/process-identity.ts';
import { addressOf, askCall, askCommand, askHttp, askTcp } from './probe.ts';

const root = mkdtempSync(join(tmpdir(), 'probe-'));
process.env['KINDRED_RUNTIME_DIR'] = join(root, 'run');
after(() => rmSync(root, { recursive: true, force: true }));

const asking = { signal: new AbortController().signal, timeoutMs: 10_000 };
/** For what is never answered. */
const short = { ...asking, timeoutMs: 50 };

async function listening<S extends Server | HttpServer>(
  server: S,
): Promise<{ port: number; close(): Promise<void> }> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      (server as Partial<HttpServer>).closeAllConnections?.();
      await once(server, 'close');
    },
  };
}

describe('asking whether something accepts', () => {
  it('is answered by yes at a port, at host and port, and at an address', async () => {
    const { port, close } = await listening(createServer((socket) => socket.destroy()));
    for (const place of [
      port,
      String(port),
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      `tcp://127.0.0.1:${port}`,
    ])
      assert.equal((await askTcp(place, asking)).ok, true, String(place));
    await close();
    const { ok, text } = await askTcp(port, asking);
    assert.equal(ok, false);
    assert.match(text, new RegExp(`nothing accepts at tcp://127.0.0.1:${port}: .*ECONNREFUSED`));
  });

  it('works for a named endpoint and a path', async () => {
    const path = join(root, 'a.sock');
    for (const address of ['local:probe', `unix:${path}`]) {
      const server = await serve(address, {});
      assert.equal((await askTcp(address, asking)).ok, true);
      await server.close();
      assert.equal((await askTcp(address, asking)).ok, false);
    }
  });

  it('refuses a place that cannot be', () => {
    for (const place of ['', 'here', 'tcp://here', '127.0.0.1:99999'])
      assert.throws(() => addressOf(place), { code: 'ERR_BAD_ADDRESS' });
  });

  it('is answered by no when it is given up', async () => {
    const over = AbortSignal.abort();
    assert.equal((await askTcp(1, { ...asking, signal: over })).ok, false);
  });
});

describe('asking over HTTP', () => {
  it('takes 200 to 399 for yes, and follows nobody', async () => {
    const asked: string[] = [];
    const { port, close } = await listening(
      createHttpServer((request, response) => {
        asked.push(request.url ?? '');
        response.writeHead(Number(request.url?.slice(1)), { location: '/500' }).end('...');
      }),
    );
    const answers = [];
    for (const status of [200, 204, 302, 404, 503])
      answers.push(await askHttp(`http://127.0.0.1:${port}/${status}`, asking));
    await close();
    assert.deepEqual(
      answers.map(({ ok, text }) => `${ok} ${text}`),
      ['true status 200', 'true status 204', 'true status 302', 'false status 404', 'false status 503'],
    );
    assert.equal(asked.includes('/500'), false);
    assert.match((await askHttp(`http://127.0.0.1:${port}/`, asking)).text, /ECONNREFUSED/);
  });

  it('is given up when no answer comes', async () => {
    const { port, close } = await listening(createHttpServer(() => {}));
    assert.deepEqual(await askHttp(`http://127.0.0.1:${port}/`, short), {
      ok: false,
      text: 'no answer within 50 ms',
    });
    await close();
  });
});

describe('asking a command', { skip: process.platform === 'win32' && 'it has no such commands' }, () => {
  it('takes exit code 0 for yes, and tells the last line', async () => {
    assert.deepEqual(await askCommand(['sh', '-c', 'exit 0'], asking), { ok: true, text: 'exit code 0' });
    assert.deepEqual(await askCommand(['sh', '-c', 'echo one; echo two >&2; exit 3'], asking), {
      ok: false,
      text: 'exit code 3: two',
    });
    assert.deepEqual(await askCommand(['sh', '-c', 'kill -9 $$'], asking), {
      ok: false,
      text: 'ended by SIGKILL',
    });
  });

  it('runs it where and with what it is told', async () => {
    const { text } = await askCommand(['sh', '-c', 'echo $WHO in $(pwd)'], {
      ...asking,
      cwd: root,
      env: { PATH: process.env['PATH'], WHO: 'me' },
    });
    assert.match(text, /^exit code 0: me in .*probe-/);
  });

  it('tells that there is no such command', async () => {
    const { ok, text } = await askCommand(['no-such-command'], asking);
    assert.equal(ok, false);
    assert.match(text, /no-such-command/);
  });

  it('ends it with all that it has started when its time is over', async () => {
    const file = join(root, 'pid');
    const script = `sleep 1000 & echo $! > ${file}; wait`;
    // Long enough for a shell to write it down.
    const { ok, text } = await askCommand(['sh', '-c', script], { ...asking, timeoutMs: 2000 });
    assert.deepEqual([ok, text], [false, 'sh has not ended within 2000 ms']);
    const left = identityOfProcess(Number(readFileSync(file, 'utf8')));
    while (isAlive(left)) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});

describe('asking by a call', () => {
  it('takes anything but false for yes', async () => {
    const server = await serve('local:asked', {
      good: () => 'fine',
      nothing: () => {},
      bad: () => false,
      broken: () => {
        throw new Error('broken');
      },
      never: () => new Promise(() => {}),
    });
    const ask = (method: string, how = asking) => askCall(method, 'local:asked', how);
    assert.deepEqual(await ask('good'), { ok: true, text: 'good answered' });
    assert.equal((await ask('nothing')).ok, true);
    assert.deepEqual(await ask('bad'), { ok: false, text: 'bad gave false' });
    assert.match((await ask('broken')).text, /broken/);
    assert.match((await ask('missing')).text, /missing/);
    assert.deepEqual(await ask('never', short), { ok: false, text: 'no answer within 50 ms' });
    while (server.peers.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await server.close();
    assert.equal((await ask('good')).ok, false);
  });
});
