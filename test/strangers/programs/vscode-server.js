// A server by vscode-jsonrpc: `vscode-server.js tcp`, `pipe PATH`, or `stdio`. Where it listens goes to stdout, as a line.
import { createServer } from 'node:net';
import {
  createMessageConnection,
  ProgressType,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';

const [how, path] = process.argv.slice(2);
const type = new ProgressType();

function serve(input, output) {
  const connection = createMessageConnection(new StreamMessageReader(input), new StreamMessageWriter(output));
  const heard = [];
  connection.onRequest('add', (...numbers) => numbers.slice(0, -1).reduce((a, b) => a + b, 0));
  connection.onRequest('greet', ({ name }) => `Hello, ${name}.`);
  connection.onRequest('fail', () => {
    throw new ResponseError(42, 'not today', { why: 'rain' });
  });
  connection.onRequest(
    'wait',
    (token) =>
      new Promise((resolve) => {
        token.onCancellationRequested(() => {
          resolve('stopped');
          connection.sendNotification('stopped');
        });
        connection.sendNotification('waiting');
      }),
  );
  connection.onRequest('ask', async () => `${await connection.sendRequest('name')} was asked`);
  connection.onRequest('work', async ({ token }) => {
    for (const percent of [25, 75]) await connection.sendProgress(type, token, { percent });
    return 'done';
  });
  connection.onNotification('note', (text) => heard.push(text));
  connection.onProgress(type, 'theirs', (value) => heard.push(['theirs', value]));
  connection.onRequest('heard', () => heard);
  connection.onClose(() => connection.dispose());
  connection.listen();
}

if (how === 'stdio') serve(process.stdin, process.stdout);
else {
  const server = createServer((socket) => serve(socket, socket));
  const listening = () => console.log(how === 'tcp' ? server.address().port : 'ready');
  if (how === 'tcp') server.listen(0, '127.0.0.1', listening);
  else server.listen(path, listening);
  process.stdin.on('end', () => process.exit()).resume();
}
