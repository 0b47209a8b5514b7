/** Messages without calls: for peers that know nothing of them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { dial, listen } from 'kindred';

const folder = mkdtempSync(join(tmpdir(), 'kindred-example-'));

// #region listen
const server = await listen(`unix:${folder}/echo.sock`, async (channel) => {
  for await (const message of channel) await channel.send({ echo: message });
});
// #endregion

// #region dial
const channel = await dial(`unix:${folder}/echo.sock`);
await channel.send({ hello: 'world' });
for await (const message of channel) {
  assert.deepEqual(message, { echo: { hello: 'world' } });
  break;
}
// #endregion

// #region net
const socket = createConnection(`${folder}/echo.sock`);
socket.write('{"hello":"net"}\n');
for await (const line of createInterface(socket)) {
  assert.equal(line, '{"echo":{"hello":"net"}}');
  break;
}
socket.destroy();
// #endregion

// #region binary
const exact = await listen(
  `unix:${folder}/exact.sock`,
  async (incoming) => {
    for await (const message of incoming) assert.deepEqual(message, new Map([[1n, new Date(0)]]));
  },
  { dialect: 'binary' },
);
const outgoing = await dial(`unix:${folder}/exact.sock`, { dialect: 'binary' });
await outgoing.send(new Map([[1n, new Date(0)]]), { delivery: 'handled' });
await outgoing.close();
await exact.close();
// #endregion

await channel.close();
await server.close();
rmdirSync(folder);
