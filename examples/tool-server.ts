/** Drives a tool server (MCP) as an agent does: `programs/tool-server.ts`, or any other. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { connect } from 'kindred';
import { spawn } from 'kindred/process';

const program = fileURLToPath(new URL('./programs/tool-server.ts', import.meta.url));

// #region types
interface ToolServer {
  initialize(client: object): { serverInfo: { name: string } };
  'tools/list'(): { tools: { name: string; description: string; inputSchema: object }[] };
  'tools/call'(call: { name: string; arguments: object }): { content: { type: 'text'; text: string }[] };
  'notifications/initialized'(): void;
}
// #endregion

// #region connect
const told: number[] = [];
const child = spawn(process.execPath, [program], { channel: 'stdio' });
const server = await connect<ToolServer>(child, {
  dialect: 'json-lines',
  params: 'named',
  cancelAs: 'notifications/cancelled',
  serve: { 'notifications/progress': ({ progress }: { progress: number }) => told.push(progress) },
});
const { serverInfo } = await server.call.initialize({
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'example', version: '1.0.0' },
});
await server.notify['notifications/initialized']();
assert.equal(serverInfo.name, 'example');
// #endregion

// #region call
const { tools } = await server.call['tools/list']();
assert.deepEqual(
  tools.map(({ name }) => name),
  ['add', 'countdown'],
);
const { content } = await server.call['tools/call']({ name: 'add', arguments: { a: 1, b: 2 } });
assert.deepEqual(content, [{ type: 'text', text: '3' }]);
// #endregion

// #region progress
const watched = server.with({ meta: { progressToken: 1 } });
await watched.call['tools/call']({ name: 'countdown', arguments: { from: 3 } });
assert.deepEqual(told, [0, 1, 2]);
// #endregion

// #region cancel
const patience = AbortSignal.timeout(50);
await assert.rejects(
  server.with({ signal: patience }).call['tools/call']({ name: 'countdown', arguments: { from: 1000 } }),
  { code: 'ERR_CANCELLED' },
);
// #endregion
await assert.rejects(server.call['tools/call']({ name: 'subtract', arguments: {} }), {
  code: 'ERR_INVALID_PARAMS',
  message: 'there is no tool subtract',
});
await server.close();
assert.deepEqual(await child.exited, { exitCode: 0, signal: null });
