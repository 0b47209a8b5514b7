/** A router in front of two workers: connections from one address go to `special`, the rest to `normal`. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { byPriority, route, routeWorker } from 'kindred/handles';
import { fork } from 'kindred/process';

const vip = '127.0.0.2';
const program = new URL('../programs/web-worker.ts', import.meta.url);

// #region route
const normal = fork(program, ['normal'], { channel: 'ipc' });
const special = fork(program, ['special'], { channel: 'ipc' });
const server = createServer({ pauseOnConnect: true }).listen(0, '0.0.0.0');
const router = route(server, {
  to: [routeWorker(normal), routeWorker(special, { roles: ['special'] })],
  pick: byPriority({ remote: vip }),
});
// #endregion
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
async function visit(localAddress: string): Promise<string> {
  const request = get({ port, host: '127.0.0.1', localAddress, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return text(response);
}
assert.equal(await visit(vip), 'served by special');
assert.equal(await visit('127.0.0.1'), 'served by normal');
assert.equal(router.counts.routed, 2);

await router.close();
server.close();
for (const child of [normal, special]) {
  child.disconnect();
  await child.exited;
}
