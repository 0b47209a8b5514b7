// The door over memory, so that the clock can be moved; over sockets it is in secrets.test.ts and turn-away.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryBytePair } from '../channel/memory.ts';
import type { ByteTransport } from '../channel/transport.ts';
import { createTestClock } from '../testkit/clock.ts';
import { proveSecret } from '../transports/prove-secret.ts';
import { defaultLimits } from '../wire/limits.ts';
import { Door } from './door.ts';

const right = Buffer.alloc(32, 'right');
const wrong = Buffer.alloc(32, 'wrong');
const minuteMs = 60_000;

function opened(max = 3) {
  const clock = createTestClock();
  const inside: ByteTransport[] = [];
  const limits = { ...defaultLimits, maxFailedProofs: max };
  const door = new Door('x', [{ name: 'a', bytes: right }], limits, (one) => inside.push(one), clock);
  const knock = (from: string): { near: ByteTransport; asked: Promise<void> } => {
    const [near, far] = createMemoryBytePair();
    return { near, asked: door.ask(far, from) };
  };
  const come = async (from: string, secret: Uint8Array): Promise<void> => {
    const { near, asked } = knock(from);
    const proving = proveSecret(near, secret, { address: 'x', handshakeMs: 5000, clock });
    if (secret === right) await proving;
    else await assert.rejects(proving, { code: 'ERR_NOT_AUTHENTICATED' });
    await asked;
  };
  return { clock, door, inside, knock, come };
}

describe('a door', () => {
  it('that was shut for one place opens again a minute after the last failure, and was open for others', async () => {
    const { clock, door, inside, come } = opened();
    for (let i = 0; i < 3; i++) {
      assert.equal(door.admits('there'), true);
      await come('there', wrong);
      await clock.advance(1000);
    }
    assert.equal(door.admits('there'), false);
    assert.equal(door.admits('elsewhere'), true);
    await clock.advance(minuteMs - 1001);
    assert.equal(door.admits('there'), false);
    await clock.advance(1);
    assert.equal(door.admits('there'), true);
    await come('there', right);
    assert.equal(inside.length, 1);
  });

  it('takes nothing back for a proof that succeeds', async () => {
    const { door, come } = opened(2);
    for (const secret of [wrong, right, wrong]) await come('there', secret);
    assert.equal(door.admits('there'), false);
  });

  it('minds who stays without a word, not who only knocks', async () => {
    for (const [heldMs, isOpen] of [
      [0, true],
      [1000, false],
      [10_000, false],
    ] as const) {
      const { clock, door, knock } = opened(1);
      const { near, asked } = knock('there');
      near.start({ data() {}, end() {}, drain() {}, close() {} });
      await clock.advance(heldMs);
      near.end();
      await asked;
      assert.equal(door.admits('there'), isOpen, `${heldMs} ms`);
    }
  });

  it('that closes blames nobody', async () => {
    const { door, knock } = opened(1);
    const { near, asked } = knock('there');
    const { promise, resolve } = Promise.withResolvers<void>();
    near.start({ data() {}, end: resolve, drain() {}, close() {} });
    door.close();
    await Promise.all([asked, promise]);
    assert.equal(door.admits('there'), true);
  });
});
