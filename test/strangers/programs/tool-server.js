// A tool server by the SDK of the Model Context Protocol, over stdio.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { z } from 'zod';

const server = new McpServer({ name: 'stranger', version: '1.0.0' }, { capabilities: { logging: {} } });
let cancelled = 0;

server.registerTool(
  'add',
  { description: 'Adds', inputSchema: { a: z.number(), b: z.number() } },
  ({ a, b }) => ({ content: [{ type: 'text', text: String(a + b) }] }),
);

server.registerTool(
  'count',
  { inputSchema: { to: z.number() } },
  async ({ to }, { _meta, sendNotification }) => {
    for (let progress = 1; progress <= to; progress++)
      await sendNotification({
        method: 'notifications/progress',
        params: { progressToken: _meta.progressToken, progress, total: to },
      });
    return { content: [{ type: 'text', text: 'counted' }] };
  },
);

server.registerTool(
  'wait',
  {},
  ({ signal, sendNotification }) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        cancelled++;
        resolve({ content: [] });
      });
      void sendNotification({ method: 'notifications/message', params: { level: 'info', data: 'waiting' } });
    }),
);

server.registerTool('cancelled', {}, () => ({ content: [{ type: 'text', text: String(cancelled) }] }));

await server.server.connect(new StdioServerTransport());
