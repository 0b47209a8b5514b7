/** With `await using` (Node.js 24) what was opened is closed where its block ends. */
import assert from 'node:assert/strict';
import { connect, serve } from 'kindred';
import * as math from './hello/math.ts';

// #region using
{
  await using server = await serve('memory:math', math);
  await using peer = await connect<typeof math>('memory:math');
  assert.equal(await peer.call.add(1, 2), 3);
  assert.equal(server.peers.size, 1);
}
await assert.rejects(connect('memory:math'), { code: 'ERR_NOT_REACHABLE' });
// #endregion
