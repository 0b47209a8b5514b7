import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEventBook, type EventBook, keptEvents } from './event-book.ts';

function fill(book: EventBook, count: number): void {
  for (let n = 0; n < count; n++) book.write({ service: 'web', kind: 'state', text: `event ${n}` }, n);
}

describe('the book of events', () => {
  it('keeps the newest 1000', () => {
    const book = createEventBook();
    fill(book, 2500);
    const kept = book.since(0);
    assert.deepEqual([kept.length, kept[0]?.sequence, kept.at(-1)?.sequence], [keptEvents, 1501, 2500]);
    assert.equal(book.get(1500), undefined);
    assert.equal(book.get(1501)?.text, 'event 1500');
  });

  it('goes on with what is noted of it, in 20 notes however long it grows', () => {
    const notes: Record<string, unknown> = {};
    const book = createEventBook();
    for (let n = 0; n < 137; n++) {
      fill(book, 17);
      for (const [key, events] of book.unsaved()) notes[key] = JSON.parse(JSON.stringify(events));
    }
    assert.equal(Object.keys(notes).length, 20);
    const next = createEventBook({ ...notes, other: 1 });
    assert.equal(next.last, 17 * 137);
    assert.deepEqual(next.since(next.last - 900), JSON.parse(JSON.stringify(book.since(book.last - 900))));
    assert.equal(next.write({ kind: 'brain', text: 'another' }, 1).sequence, 17 * 137 + 1);
  });

  it('follows causes back, the newest first, with what a process wrote last', () => {
    const book = createEventBook();
    const exit = book.write({ service: 'db', kind: 'exit', text: 'db ended' }, 1).sequence;
    book.write({ service: 'db', kind: 'output', text: 'db wrote', cause: exit }, 2);
    const group = book.write({ kind: 'group', text: 'the group restarts', cause: exit }, 3).sequence;
    book.write({ service: 'web', kind: 'state', text: 'web is restarted', cause: group }, 4);
    book.write({ service: 'web', kind: 'output', text: 'no change of state' }, 5);
    assert.deepEqual(
      book.why('web').map(({ text }) => text),
      ['web is restarted', 'the group restarts', 'db wrote', 'db ended'],
    );
    assert.deepEqual(book.why('unknown'), []);
  });

  it('ends a chain whose beginning is no longer kept', () => {
    const book = createEventBook();
    const first = book.write({ kind: 'brain', text: 'begin' }, 0).sequence;
    fill(book, 1200);
    book.write({ service: 'old', kind: 'state', text: 'old is ready', cause: first }, 1);
    assert.deepEqual(
      book.why('old').map(({ text }) => text),
      ['old is ready'],
    );
  });
});
