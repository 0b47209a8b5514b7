import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Peer } from './peer.ts';
import { Scope } from './scope.ts';

it('a call that has just begun has no more time left than it was given, whatever the clock stands at', () => {
  for (let now = 0.1; now < 1e6; now *= 1.01) {
    const owner = { peer: {} as Peer<unknown>, freeNow: () => now, scopeOver: () => {} };
    const { remainingMs } = new Scope(owner, 1, 'work', { timeoutMs: 1000 });
    assert.ok(remainingMs !== undefined && remainingMs <= 1000, `${remainingMs} at ${now}`);
  }
});
