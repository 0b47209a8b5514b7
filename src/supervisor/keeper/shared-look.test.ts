import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { ProcessSystem } from '../../process/process-system.ts';
import { createTestClock } from '../../testkit/clock.ts';
import { createSharedLook } from './shared-look.ts';

function staged() {
  let looks = 0;
  let tookMs = 0;
  const clock = createTestClock();
  const system: ProcessSystem = {
    kill() {},
    stat: () => undefined,
    all() {
      looks++;
      void clock.block(tookMs);
      return [];
    },
    bootId: () => undefined,
  };
  return {
    look: createSharedLook(system, clock),
    clock,
    looks: () => looks,
    slow(ms: number) {
      tookMs = ms;
    },
  };
}

describe('a shared look at all processes', () => {
  it('is one for all who look within a moment, and a new one after it', async () => {
    const { look, clock, looks } = staged();
    look.all();
    look.all();
    assert.equal(looks(), 1);
    await clock.advance(21);
    look.all();
    assert.equal(looks(), 2);
  });

  it('is one for ten times as long as it takes', async () => {
    const { look, clock, looks, slow } = staged();
    slow(30);
    look.all();
    await clock.advance(269);
    look.all();
    assert.equal(looks(), 1);
    await clock.advance(2);
    look.all();
    assert.equal(looks(), 2);
  });

  it('is a new one after an exit, and one for all exits of a turn', async () => {
    const { look, looks } = staged();
    look.all();
    for (let exits = 0; exits < 3; exits++) {
      look.renew();
      look.all();
    }
    assert.equal(looks(), 2);
    await turn();
    look.renew();
    look.all();
    assert.equal(looks(), 3);
  });
});
