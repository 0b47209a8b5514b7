import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTestClock } from '../testkit/clock.ts';
import { defaultLimits } from '../wire/limits.ts';
import { createStranger, type Stranger } from './fixtures/stranger.ts';

const limits = { ...defaultLimits, maxCalls: 2, maxWaitingCalls: 20, maxBufferedBytes: 1000 };
const service = { work: () => new Promise(() => {}), note() {} };

const bytes = (hex: string, text = '', more = ''): Uint8Array =>
  Buffer.concat([Buffer.from(hex, 'hex'), Buffer.from(text, 'latin1'), Buffer.from(more, 'hex')]);
const hello = '\x93GversionHmaxCallsOmaxMessageBytes\x01\xb5\x00\x04\xb6\x00\x00\x00\x04';
const binaryHello = bytes('ff4b4e010f2b0000', hello);

/** Says it again and again to an end whose answers it does not read, until it is held back. */
async function flood(stranger: Stranger, unit: string | Uint8Array): Promise<number> {
  stranger.stopReading();
  for (let said = 0; said < 3000; said++) {
    if (!stranger.isRead || stranger.peer.state === 'closed') return said;
    stranger.say(unit);
    if (said % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return assert.fail('all was read and answered');
}

describe('a stranger that reads none of its answers is read no further itself', () => {
  const units = {
    garbage: '{x',
    'requests that are none': '{"jsonrpc":"2.0","id":7}',
    batches: '[1,1,1,1,1,1]',
    'ids in use': '{"jsonrpc":"2.0","id":1,"method":"work"}',
    'functions that do not exist': '{"jsonrpc":"2.0","id":2,"method":"nope"}',
  };
  for (const [what, unit] of Object.entries(units))
    it(`with ${what}`, async () => {
      const stranger = createStranger(service, { limits });
      stranger.say(units['ids in use']);
      const said = await flood(stranger, unit);
      assert.ok(said < 100, `${said} were read`);
      stranger.readOn();
      assert.equal(stranger.isRead, true);
      stranger.end();
      await stranger.peer.closed;
    });

  it('with calls of an end that drains', async () => {
    const stranger = createStranger(service, { limits });
    stranger.say(units['ids in use']);
    const drained = stranger.peer.drain();
    const said = await flood(stranger, '{"jsonrpc":"2.0","id":2,"method":"work"}');
    assert.ok(said < 100, `${said} were read`);
    stranger.end();
    await drained;
  });
});

describe('a Kindred that reads none of its answers loses its connection', () => {
  it('with pings', async () => {
    const stranger = createStranger(service, { limits });
    stranger.say(binaryHello);
    const said = await flood(stranger, bytes('0b01000005'));
    assert.ok(said < 1000, `${said} were read`);
    const { kind, error } = await stranger.peer.closed;
    assert.deepEqual([kind, error?.code], ['broken', 'ERR_LIMIT']);
    assert.match(error?.message ?? '', /maxBufferedBytes \(1000\)/);
  });

  it('with acknowledged notifications', async () => {
    const clock = createTestClock();
    const stranger = createStranger(service, { limits, clock });
    stranger.say(binaryHello);
    stranger.stopReading();
    for (let said = 0; said < 1000; said++) {
      stranger.say(bytes('8208000044', 'note', '800500'));
      await Promise.resolve();
    }
    // So long the end that closes waits for its last words to be read.
    await clock.advance(1000);
    const { kind, error } = await stranger.peer.closed;
    assert.deepEqual([kind, error?.code], ['broken', 'ERR_LIMIT']);
    assert.match(error?.message ?? '', /maxWaitingCalls \(20\)/);
  });
});
