/** Nothing is unbounded: what reaches a limit waits, or gets an error that names it. */
import assert from 'node:assert/strict';
import { connect, defaultLimits, serve } from 'kindred';

const waiting: (() => void)[] = [];
const service = {
  hold: () => new Promise<void>((resolve) => waiting.push(resolve)),
  echo: (value: string) => value,
};

// #region calls
const server = await serve('tcp://127.0.0.1:0', service, { limits: { maxMessageBytes: 1024 * 1024 } });
const peer = await connect<typeof service>(server.address, { limits: { maxCalls: 2, maxWaitingCalls: 1 } });
await peer.call.echo('hello');

const calls = [peer.call.hold(), peer.call.hold(), peer.call.hold()];
assert.deepEqual([peer.load.inFlight, peer.load.waiting], [3, 1]);
await assert.rejects(peer.call.hold(), { code: 'ERR_BUSY', outcome: 'not-sent' });
// #endregion

const release = setInterval(() => waiting.shift()?.(), 1);
await Promise.all(calls);
clearInterval(release);

// #region message
await assert.rejects(peer.call.echo('x'.repeat(2 * 1024 * 1024)), {
  code: 'ERR_LIMIT',
  message: /maxMessageBytes/,
});
// #endregion
assert.equal(defaultLimits.maxCalls, 1024);
await peer.close();
await server.close();
