/** What a service says of itself: OpenRPC, to whoever asks. */
import assert from 'node:assert/strict';
import { connect, serve } from 'kindred';
import * as math from './programs/math.ts';

const server = await serve('memory:math', math);
const peer = await connect('memory:math');

// #region discover
const description = await peer.call['rpc.discover']();
const names = description.methods.map(({ name }: { name: string }) => name);
assert.deepEqual(names, ['add', 'countdown', 'greet']);
// #endregion
assert.equal(await peer.call.greet('you', 2), 'hello you, hello you');

await peer.close();
await server.close();
