import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type CallOwner, PendingCall } from './pending-call.ts';

it('a call tells no more time than it was given, whatever the clock stands at', () => {
  for (let now = 0.1; now < 1e9; now *= 1.01) {
    const owner = { freeNow: () => now } as Partial<CallOwner> as CallOwner;
    const call = new PendingCall(owner, 1, 'work', [], undefined);
    call.deadline = { since: now, due: now + 1000, expire() {} };
    const message = call.message();
    assert.equal(message.kind === 'call' ? message.meta?.timeoutMs : undefined, 1000, `at ${now}`);
  }
});
