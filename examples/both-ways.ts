/** Both ends call: a server that makes a service for each peer, calls it back, and tells all of them something. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, currentCall, serve } from 'kindred';

interface Player {
  name(): string;
  started(game: string): void;
}

// #region server
const server = await serve<Player>('memory:table', (peer) => ({
  async join() {
    return `Welcome, ${await peer.call.name()}.`;
  },
}));
// #endregion

// #region client
const heard = new EventTarget();
const player: Player = {
  name: () => 'Ada',
  started: (game) => heard.dispatchEvent(new CustomEvent('started', { detail: game })),
};
const peer = await connect<{ join(): string }>('memory:table', { serve: player });
assert.equal(await peer.call.join(), 'Welcome, Ada.');
// #endregion

// #region all
const [event] = await Promise.all([once(heard, 'started'), server.notify.started('chess')]);
assert.equal((event[0] as CustomEvent).detail, 'chess');
assert.equal(server.peers.size, 1);
// #endregion

// #region who
const desk = await serve('memory:desk', {
  whoAmI: async () => (currentCall().peer.call as { name(): Promise<string> }).name(),
});
// #endregion
const visitor = await connect<{ whoAmI(): Promise<string> }>('memory:desk', { serve: player });
assert.equal(await visitor.call.whoAmI(), 'Ada');

await server.close();
await desk.close();
