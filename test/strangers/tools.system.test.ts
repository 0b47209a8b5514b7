// The Model Context Protocol by its own SDK, on either side.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect } from 'kindred';
import { spawn } from 'kindred/process';
import { until, within } from '../stories/fixtures/deadline.ts';
import { program, reportOf } from './programs.ts';

interface ToolServer {
  initialize(client: object): { serverInfo: object; capabilities: object };
  'notifications/initialized'(): void;
  ping(): object;
  'tools/list'(): { tools: { name: string }[] };
  'tools/call'(call: { name: string; arguments: object }): { content: { text: string }[] };
}

it('a tool server by the SDK is driven by a Kindred over stdio', async () => {
  const child = spawn(process.execPath, [program('tool-server.js')], { channel: 'stdio' });
  const progress: unknown[] = [];
  const waiting = Promise.withResolvers<void>();
  const server = await connect<ToolServer>(child, {
    dialect: 'json-lines',
    params: 'named',
    cancelAs: 'notifications/cancelled',
    serve: {
      'notifications/progress': (told: object) => progress.push(told),
      'notifications/message': (_told: object) => waiting.resolve(),
    },
  });
  const call = async (name: string, given: object, options = {}): Promise<string | undefined> =>
    (await server.with(options).call['tools/call']({ name, arguments: given })).content[0]?.text;

  const { serverInfo } = await server.call.initialize({
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'kindred', version: '1.0.0' },
  });
  assert.deepEqual(serverInfo, { name: 'stranger', version: '1.0.0' });
  await server.notify['notifications/initialized']();
  assert.deepEqual(await server.call.ping(), {});
  const { tools } = await server.call['tools/list']();
  assert.deepEqual(
    tools.map(({ name }) => name),
    ['add', 'count', 'wait', 'cancelled'],
  );
  assert.equal(await call('add', { a: 1, b: 2 }, { timeoutMs: 10_000 }), '3');

  assert.equal(await call('count', { to: 2 }, { meta: { progressToken: 'own' } }), 'counted');
  assert.deepEqual(progress, [
    { progressToken: 'own', progress: 1, total: 2 },
    { progressToken: 'own', progress: 2, total: 2 },
  ]);

  const patience = new AbortController();
  const given = assert.rejects(call('wait', {}, { signal: patience.signal }), { code: 'ERR_CANCELLED' });
  await within('the tool waits', waiting.promise);
  patience.abort();
  await given;
  await until('the tool is cancelled', async () => (await call('cancelled', {})) === '1');

  await server.close();
  assert.deepEqual(await within('the end of the server', child.exited), { exitCode: 0, signal: null });
});

it('a client by the SDK drives a tool server that is a Kindred', async () => {
  const server = fileURLToPath(new URL('../../examples/programs/tool-server.ts', import.meta.url));
  assert.deepEqual(await reportOf('tool-client.js', server), {
    errors: [],
    server: { name: 'example', version: '1.0.0' },
    tools: ['add', 'countdown'],
    pong: {},
    added: [{ type: 'text', text: '3' }],
    progress: [
      { progress: 0, total: 2 },
      { progress: 1, total: 2 },
    ],
    counted: [{ type: 'text', text: 'lift-off' }],
    cancelled: 'rejected',
    unknown: -32602,
  });
});
