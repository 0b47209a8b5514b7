import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTestClock } from '../testkit/clock.ts';
import { FailedProofs } from './failed-proofs.ts';
import { remotePlace } from './remote-place.ts';

const everyMs = 1000;

describe('failed proofs', () => {
  it('shut the place from which too many came, and no other', () => {
    const failed = new FailedProofs({ max: 3, everyMs, clock: createTestClock() });
    for (let i = 0; i < 3; i++) {
      assert.equal(failed.isShut('a'), false);
      failed.add('a');
    }
    assert.equal(failed.isShut('a'), true);
    assert.equal(failed.isShut('b'), false);
  });

  it('open it again when the time has passed since the last of them', async () => {
    const clock = createTestClock();
    const failed = new FailedProofs({ max: 2, everyMs, clock });
    failed.add('a');
    await clock.advance(900);
    failed.add('a');
    await clock.advance(999);
    assert.equal(failed.isShut('a'), true);
    await clock.advance(1);
    assert.equal(failed.isShut('a'), false);
    failed.add('a');
    assert.equal(failed.isShut('a'), false);
  });

  it('are forgotten where there were few in the time', async () => {
    const clock = createTestClock();
    const failed = new FailedProofs({ max: 2, everyMs, clock });
    failed.add('a');
    await clock.advance(1000);
    failed.add('a');
    assert.equal(failed.isShut('a'), false);
  });

  it('are remembered of so many places at most', () => {
    const failed = new FailedProofs({ max: 1, everyMs, clock: createTestClock(), maxPlaces: 2 });
    for (const place of ['a', 'b', 'a', 'c']) failed.add(place);
    assert.deepEqual(
      ['a', 'b', 'c'].map((place) => failed.isShut(place)),
      [true, false, true],
    );
  });
});

describe('the place of a connection', () => {
  for (const [address, place] of [
    [undefined, ''],
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::1', '0:0:0:0::/64'],
    ['2001:db8:0:1::5', '2001:db8:0:1::/64'],
    ['2001:db8:0:1:ffff:ffff:ffff:ffff', '2001:db8:0:1::/64'],
    ['2001:DB8::', '2001:db8:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ] as const)
    it(`of ${address} is ${place === '' ? 'this machine' : place}`, () => {
      assert.equal(remotePlace(address), place);
    });
});
