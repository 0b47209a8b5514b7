import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Ledger, type LedgerEntry } from './ledger.ts';

const always = (): boolean => true;

function add(ledger: Ledger<LedgerEntry>, purpose = 'default', kind: LedgerEntry['kind'] = 'socket') {
  return ledger.add((id) => ({ id, kind, purpose }));
}

describe('the ledger', () => {
  it('has one handle on its way at a time', () => {
    const ledger = new Ledger<LedgerEntry>(10);
    const first = add(ledger) as LedgerEntry;
    add(ledger);
    assert.equal(ledger.next(always), first);
    assert.equal(ledger.next(always), undefined);
    ledger.accept(first.id);
    assert.equal(ledger.next(always)?.id, 2);
  });

  it('holds no more than may wait; the one on its way does not count', () => {
    const ledger = new Ledger<LedgerEntry>(2);
    add(ledger);
    ledger.next(always);
    assert.ok(add(ledger));
    assert.ok(add(ledger));
    assert.equal(add(ledger), undefined);
    assert.equal(ledger.waiting, 2);
  });

  it('lets those of one purpose go while those of another must wait, the oldest first', () => {
    const ledger = new Ledger<LedgerEntry>(10);
    add(ledger, 'a');
    add(ledger, 'b');
    add(ledger, 'b');
    add(ledger, 'c');
    const ready = new Set(['b', 'c']);
    const order: number[] = [];
    for (let entry = ledger.next((each) => ready.has(each)); entry !== undefined; ) {
      order.push(entry.id);
      ledger.settle(entry.id);
      ready.add('a');
      entry = ledger.next((each) => ready.has(each));
    }
    assert.deepEqual(order, [2, 1, 3, 4]);
  });

  it('counts sockets as open from accept to close, and servers never', () => {
    const ledger = new Ledger<LedgerEntry>(10);
    for (const kind of ['socket', 'server', 'socket'] as const) {
      const entry = add(ledger, 'default', kind) as LedgerEntry;
      ledger.next(always);
      ledger.accept(entry.id);
    }
    assert.equal(ledger.open, 2);
    ledger.close([1, 3, 99]);
    assert.equal(ledger.open, 0);
  });

  it('says no, once, to who asks for a handle that was recalled, and yes to all others', () => {
    const ledger = new Ledger<LedgerEntry>(10);
    add(ledger);
    add(ledger);
    ledger.next(always);
    assert.equal(ledger.recall()?.id, 1);
    ledger.next(always);
    ledger.accept(2);
    assert.equal(ledger.ask(2), true);
    assert.equal(ledger.ask(1), false);
  });

  it('does not hear that something was accepted which was recalled', () => {
    const ledger = new Ledger<LedgerEntry>(10);
    add(ledger);
    ledger.next(always);
    ledger.recall();
    assert.equal(ledger.accept(1), undefined);
    assert.equal(ledger.open, 0);
  });

  it('brings every handle to exactly one end, whatever happens in whatever order', () => {
    const step = fc.record({
      what: fc.constantFrom(
        'add',
        'add',
        'add',
        'next',
        'next',
        'accept',
        'settle',
        'recall',
        'withdraw',
        'take',
        'end',
      ),
      purpose: fc.constantFrom('a', 'b'),
      id: fc.integer({ min: 1, max: 30 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const ledger = new Ledger<LedgerEntry>(5);
        const entries = new Map<number, LedgerEntry>();
        const ended: number[] = [];
        const end = (entry: LedgerEntry | undefined): void =>
          void (entry !== undefined && ended.push(entry.id));
        for (const { what, purpose, id } of steps) {
          if (what === 'add') {
            const entry = add(ledger, purpose);
            if (entry === undefined) assert.equal(ledger.waiting, 5);
            else entries.set(entry.id, entry);
          } else if (what === 'next') ledger.next((each) => each === purpose);
          else if (what === 'accept') end(ledger.accept(id));
          else if (what === 'settle') end(ledger.settle(id));
          else if (what === 'recall') end(ledger.recall());
          else if (what === 'withdraw') {
            const entry = entries.get(id);
            if (entry !== undefined && ledger.withdraw(entry)) end(entry);
          } else if (what === 'take') ledger.takeWaiting(purpose).forEach(end);
          else ledger.end().forEach(end);
          const held = ledger.waiting + (ledger.sent === undefined ? 0 : 1);
          assert.equal(ended.length + held, entries.size);
        }
        ledger.end().forEach(end);
        assert.deepEqual(
          ended.toSorted((a, b) => a - b),
          [...entries.keys()],
        );
        assert.equal(ledger.waiting, 0);
      }),
    );
  });
});
