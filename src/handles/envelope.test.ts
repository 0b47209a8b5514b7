import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { envelope, type GiverSays, isHandOverMessage, openEnvelope, type TakerSays } from './envelope.ts';

const words: (GiverSays | TakerSays)[] = [
  { say: 'hello' },
  { say: 'give', id: 1, kind: 'socket', purpose: 'default', note: { a: [1] }, bytes: 'AAE=', by: 12.5 },
  { say: 'have', id: 2 },
  { say: 'yours', id: 3 },
  { say: 'recalled', id: 4 },
  { say: 'ready', purpose: 'calls', state: 'draining' },
  { say: 'accepted', id: 5 },
  { say: 'refused', id: 6 },
  { say: 'gone', id: 7 },
  { say: 'unseen', id: 8 },
  { say: 'mine', id: 9 },
  { say: 'closed', ids: [1, 2, 3] },
];

describe('an envelope', () => {
  for (const said of words)
    it(`brings ${said.say} as it was, through JSON`, () => {
      const message: unknown = JSON.parse(JSON.stringify(envelope(said)));
      assert.equal(isHandOverMessage(message), true);
      assert.deepEqual(openEnvelope(message), said);
    });

  it('is not mistaken for by what a user sends', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.equal(isHandOverMessage(value), false);
        assert.equal(openEnvelope(value), undefined);
      }),
    );
  });

  it('gives nothing for what is not in its words, whatever it holds', () => {
    const member = fc.oneof(fc.jsonValue(), fc.constantFrom('give', 'closed', 'ready', 'mine', 'socket', 1));
    const inside = fc.dictionary(
      fc.constantFrom('say', 'id', 'ids', 'kind', 'purpose', 'bytes', 'by', 'state'),
      member,
    );
    const numbers = (said: object): unknown[] => {
      const { id, ids } = said as { id?: unknown; ids?: unknown };
      return [id, ids].flat().filter((value) => value !== undefined);
    };
    fc.assert(
      fc.property(fc.oneof(inside, fc.jsonValue()), (said) => {
        const opened = openEnvelope({ 'kindred:handle': said });
        if (opened !== undefined) assert.ok(numbers(opened).every(Number.isSafeInteger));
      }),
    );
  });
});
