/** One address, three languages: a line of JSON, a Content-Length header, and another Kindred. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { connect, serve } from 'kindred';
import * as math from './hello/math.ts';

const server = await serve('tcp://127.0.0.1:0', math);
const port = Number(new URL(server.address).port);

async function ask(request: string): Promise<string> {
  const socket: Socket = createConnection(port, '127.0.0.1');
  socket.end(request);
  const [answer] = await once(socket.setEncoding('utf8'), 'data');
  socket.destroy();
  return answer as string;
}

// #region line
const request = '{"jsonrpc":"2.0","id":1,"method":"add","params":[1,2]}';
assert.equal(await ask(`${request}\n`), '{"jsonrpc":"2.0","id":1,"result":3}\n');
// #endregion

// #region header
assert.equal(
  await ask(`Content-Length: ${request.length}\r\n\r\n${request}`),
  'Content-Length: 35\r\n\r\n{"jsonrpc":"2.0","id":1,"result":3}',
);
// #endregion

// #region kindred
const peer = await connect<typeof math>(server.address);
assert.equal(await peer.call.add(1, 2), 3);
await peer.close();
// #endregion

// #region stream
const items = await ask('{"jsonrpc":"2.0","id":1,"method":"countdown","params":[2]}\n');
assert.deepEqual(items.trim().split('\n'), [
  '{"jsonrpc":"2.0","method":"$/item","params":{"id":1,"seq":0,"value":2}}',
  '{"jsonrpc":"2.0","method":"$/item","params":{"id":1,"seq":1,"value":1}}',
  '{"jsonrpc":"2.0","id":1,"result":null}',
]);
// #endregion
await server.close();
