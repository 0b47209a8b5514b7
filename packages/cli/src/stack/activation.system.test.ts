// Listeners that systemd has opened: the stack takes them, and the unit's services answer there.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../bin/from-source.js', import.meta.url));

function get(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: '/', agent: false }, (response) => {
      response.setEncoding('utf8');
      let text = '';
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve(text));
    })
      .on('error', reject)
      .end();
  });
}

it('serves the connection for which systemd has started it, and leaves the socket to systemd', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kindred-activation-'));
  const socket = join(folder, 'web.sock');
  const config = join(folder, 'kindred.config.json');
  writeFileSync(
    join(folder, 'web.mjs'),
    `import { createServer } from 'node:http';
     createServer((request, response) => response.end('from the stack')).listen(${JSON.stringify(socket)});`,
  );
  writeFileSync(
    config,
    JSON.stringify({
      name: 'activated',
      listeners: { web: `unix:${socket}` },
      services: { web: { fork: './web.mjs', listen: ['web'] } },
    }),
  );
  const { NODE_TEST_CONTEXT: _ours, ...inherited } = process.env;
  const env = {
    ...inherited,
    KINDRED_RUNTIME_DIR: join(folder, 'run'),
    XDG_STATE_HOME: join(folder, 'state'),
  };
  const names = Object.keys(env).flatMap((name) => ['-E', name]);
  const activated = spawn(
    'systemd-socket-activate',
    [...names, `--listen=${socket}`, '--fdname=web', process.execPath, program, 'up', '--config', config],
    { env, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  for (const stream of [activated.stdout, activated.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  const ended = new Promise<number | null>((resolve) => activated.once('close', resolve));
  try {
    while (!said.includes('Listening on'))
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 20))]);
    assert.equal(await get(socket), 'from the stack', said);
    activated.kill('SIGTERM');
    assert.equal(await ended, 0, said);
    assert.ok(existsSync(socket), 'the file is of whoever has opened the socket');
  } finally {
    activated.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
});
