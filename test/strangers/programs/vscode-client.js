// A client by vscode-jsonrpc: `vscode-client.js tcp PORT`, `pipe PATH`, or `stdio PROGRAM ARGS...`, which it starts.
// What it has seen goes to stdout, as one line of JSON.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  CancellationTokenSource,
  createMessageConnection,
  createServerPipeTransport,
  createServerSocketTransport,
  ProgressType,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';

const [how, ...where] = process.argv.slice(2);
const child =
  how === 'stdio' ? spawn(process.execPath, where, { stdio: ['pipe', 'pipe', 'inherit'] }) : undefined;
const [reader, writer] = child
  ? [new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin)]
  : how === 'tcp'
    ? createServerSocketTransport(Number(where[0]))
    : createServerPipeTransport(where[0]);
const connection = createMessageConnection(reader, writer);
connection.onRequest('name', () => 'the editor');
connection.listen();

const codeOf = (error) => ({ code: error.code, message: error.message, data: error.data });
const seen = {};
seen.added = await connection.sendRequest('add', 1, 2, 3);
seen.greeted = await connection.sendRequest('greet', { name: 'editor' });
seen.asked = await connection.sendRequest('ask');
seen.failed = await connection.sendRequest('fail').catch(codeOf);
seen.missing = await connection.sendRequest('missing').catch((error) => error.code);

await connection.sendNotification('note', 'a notification');
const source = new CancellationTokenSource();
const waiting = connection.sendRequest('wait', source.token).catch((error) => error.code);
source.cancel();
seen.cancelled = await waiting;

const type = new ProgressType();
seen.progress = [];
connection.onProgress(type, 'own', (value) => seen.progress.push(value));
seen.worked = await connection.sendRequest('work', { token: 'own' });
await connection.sendProgress(type, 'theirs', 'half');
seen.heard = await connection.sendRequest('heard');

process.stdout.write(`${JSON.stringify(seen)}\n`);
connection.end();
connection.dispose();
if (child) {
  child.stdin.end();
  await once(child, 'exit');
}
