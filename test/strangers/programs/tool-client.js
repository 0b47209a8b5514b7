// A client by the SDK of the Model Context Protocol: `tool-client.js PROGRAM`, which it starts and talks to over stdio.
// What it has seen goes to stdout, as one line of JSON.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

const client = new Client({ name: 'stranger', version: '1.0.0' });
const seen = { errors: [] };
client.onerror = (error) => seen.errors.push(error.message);

await client.connect(
  new StdioClientTransport({
    command: process.execPath,
    args: [process.argv[2]],
    env: process.env,
    stderr: 'inherit',
  }),
);
seen.server = client.getServerVersion();
seen.tools = (await client.listTools()).tools.map(({ name }) => name);
seen.pong = await client.ping();
seen.added = (await client.callTool({ name: 'add', arguments: { a: 1, b: 2 } })).content;

seen.progress = [];
const onprogress = (told) => seen.progress.push(told);
seen.counted = (
  await client.callTool({ name: 'countdown', arguments: { from: 2 } }, undefined, { onprogress })
).content;

// Given up as soon as it is known to run.
const patience = new AbortController();
const given = { signal: patience.signal, onprogress: () => patience.abort('enough') };
seen.cancelled = await client
  .callTool({ name: 'countdown', arguments: { from: 1000 } }, undefined, given)
  .then(
    () => 'answered',
    () => 'rejected',
  );

seen.unknown = await client.callTool({ name: 'subtract' }).catch(({ code }) => code);
await client.close();
process.stdout.write(`${JSON.stringify(seen)}\n`);
