/** A tool server (MCP): an agent or an editor starts it, and talks to it over its stdin and stdout. */
import { setTimeout } from 'node:timers/promises';
import { currentCall, KindredError, serve } from 'kindred';

interface Tool {
  description: string;
  inputSchema: object;
  run(args: Record<string, unknown>): string | Promise<string>;
}

// #region tools
const number = { type: 'number' };
const tools: Record<string, Tool> = {
  add: {
    description: 'Adds two numbers',
    inputSchema: { type: 'object', properties: { a: number, b: number }, required: ['a', 'b'] },
    run: ({ a, b }) => `${Number(a) + Number(b)}`,
  },
  countdown: {
    description: 'Counts down, with a tenth of a second between the numbers',
    inputSchema: { type: 'object', properties: { from: number }, required: ['from'] },
    async run({ from }) {
      for (let n = Number(from); n > 0; n--) {
        progress(Number(from) - n, Number(from));
        await setTimeout(100, undefined, { signal: currentCall().signal });
      }
      return 'lift-off';
    },
  },
};
// #endregion

// #region progress
function progress(done: number, total: number): void {
  const { peer, meta } = currentCall();
  const { progressToken } = meta;
  if (progressToken === undefined) return;
  void peer.notify['notifications/progress']({ progressToken, progress: done, total });
}
// #endregion

// #region service
const versions = ['2025-06-18', '2025-03-26', '2024-11-05'];
const service = {
  initialize: ({ protocolVersion }: { protocolVersion: string }) => ({
    protocolVersion: versions.includes(protocolVersion) ? protocolVersion : versions[0],
    capabilities: { tools: {} },
    serverInfo: { name: 'example', version: '1.0.0' },
  }),
  'notifications/initialized': () => {},
  ping: () => ({}),
  'tools/list': (_page?: object) => ({
    tools: Object.entries(tools).map(([name, { description, inputSchema }]) => ({
      name,
      description,
      inputSchema,
    })),
  }),
  async 'tools/call'({ name, arguments: given = {} }: { name: string; arguments?: Record<string, unknown> }) {
    const tool = Object.hasOwn(tools, name) ? tools[name] : undefined;
    if (tool === undefined) throw new KindredError('ERR_INVALID_PARAMS', `there is no tool ${name}`);
    return { content: [{ type: 'text', text: await tool.run(given) }] };
  },
};

await serve('stdio:', service, {
  dialect: 'json-lines',
  params: 'named',
  cancelAs: 'notifications/cancelled',
});
// #endregion
