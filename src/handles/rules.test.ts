import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  byFirstBytes,
  byPriority,
  type Candidate,
  type Connection,
  leastConnections,
  roundRobin,
  stickyByAddress,
} from './rules.ts';

const from = (remoteAddress: string, more: Partial<Connection> = {}): Connection => ({
  remoteAddress,
  remotePort: 50_000,
  localAddress: '127.0.0.1',
  localPort: 80,
  firstBytes: Buffer.alloc(0),
  ...more,
});

const worker = (name: string, more: Partial<Candidate> = {}): Candidate => ({
  name,
  roles: ['normal'],
  open: 0,
  ...more,
});

describe('byPriority', () => {
  const special = worker('special', { roles: ['special'] });
  const normal = worker('normal');
  const workers = [normal, special];

  const table: [string, Parameters<typeof byPriority>[0], Connection, Candidate][] = [
    ['from the address', { remote: '74.125.127.100' }, from('74.125.127.100'), special],
    ['from one of the addresses', { remote: ['10.0.0.1', '10.0.0.2'] }, from('10.0.0.2'), special],
    ['to the address', { local: '127.0.0.2' }, from('10.0.0.1', { localAddress: '127.0.0.2' }), special],
    [
      'of which the function says so',
      { when: ({ localPort }) => localPort === 81 },
      from('1.1.1.1', { localPort: 81 }),
      special,
    ],
    ['from another address', { remote: '74.125.127.100' }, from('74.125.127.101'), normal],
    ['to another address', { local: '127.0.0.2' }, from('127.0.0.2'), normal],
    ['of which the function says no', { when: () => false }, from('1.1.1.1'), normal],
    ['without anything said', {}, from('1.1.1.1'), normal],
  ];
  for (const [what, options, connection, expected] of table)
    it(`gives a connection ${what} to ${expected.name}`, () => {
      assert.equal(byPriority(options)(connection, workers), expected);
    });

  it('lets a connection wait rather than go to a worker of the other role', () => {
    const rule = byPriority({ remote: '1.1.1.1' });
    assert.equal(rule(from('1.1.1.1'), [normal]), undefined);
    assert.equal(rule(from('2.2.2.2'), [special]), undefined);
  });

  it('takes other roles, and another rule among those of one role', () => {
    const gold = [worker('a', { roles: ['gold', 'tin'] }), worker('b', { roles: ['gold'] })];
    const rule = byPriority({ when: () => true, special: 'gold', normal: 'tin', within: roundRobin() });
    assert.deepEqual(
      [1, 2, 3].map(() => rule(from('1.1.1.1'), gold)?.name),
      ['a', 'b', 'a'],
    );
  });

  it('asks for the bytes that the rule within it looks at', () => {
    const within = byFirstBytes({ bytes: 7, key: String });
    assert.equal(byPriority({ within }).peek, within.peek);
    assert.equal(byPriority({}).peek, undefined);
  });
});

const someWorkers = fc
  .uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 12 })
  .chain((names) =>
    fc.tuple(...names.map((name) => fc.nat(50).map((open) => worker(name, { open })))),
  ) as fc.Arbitrary<Candidate[]>;

describe('roundRobin', () => {
  it('gives each worker as many as any other, in turn', () => {
    fc.assert(
      fc.property(someWorkers, fc.integer({ min: 1, max: 5 }), (workers, rounds) => {
        const rule = roundRobin();
        for (let round = 0; round < rounds; round++)
          for (const expected of workers) assert.equal(rule(from('1.1.1.1'), workers), expected);
      }),
    );
  });
});

describe('leastConnections', () => {
  it('picks the first of those that have the fewest', () => {
    fc.assert(
      fc.property(someWorkers, (workers) => {
        const least = Math.min(...workers.map(({ open }) => open));
        assert.equal(
          leastConnections()(from('1.1.1.1'), workers),
          workers.find(({ open }) => open === least),
        );
      }),
    );
  });
});

describe('stickyByAddress', () => {
  const addresses = fc.array(fc.ipV4(), { minLength: 1, maxLength: 50 });

  it('gives all connections of one address to one worker, wherever it stands in the list', () => {
    fc.assert(
      fc.property(someWorkers, fc.ipV4(), (workers, address) => {
        const picked = stickyByAddress()(from(address), workers);
        assert.ok(picked !== undefined);
        assert.equal(stickyByAddress()(from(address, { remotePort: 1 }), workers.toReversed()), picked);
      }),
    );
  });

  it('moves only the connections of a worker that leaves', () => {
    fc.assert(
      fc.property(someWorkers, fc.nat(11), addresses, (workers, which, clients) => {
        const leaving = workers[which % workers.length];
        const left = workers.filter((each) => each !== leaving);
        for (const client of clients) {
          const before = stickyByAddress()(from(client), workers);
          const after = stickyByAddress()(from(client), left);
          if (before !== leaving) assert.equal(after, before);
        }
      }),
    );
  });

  it('shares addresses out evenly', () => {
    const workers = ['process 101', 'process 102', 'process 103', 'process 104'].map((name) => worker(name));
    const counts = new Map<string, number>();
    for (let i = 0; i < 4000; i++) {
      const name = stickyByAddress()(from(`10.0.${i >> 8}.${i & 255}`), workers)?.name ?? '';
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    for (const [name, count] of counts)
      assert.ok(count > 850 && count < 1150, `${name} has ${count} of 4000`);
    assert.equal(counts.size, 4);
  });
});

describe('byFirstBytes', () => {
  const host = (bytes: Buffer): string | undefined => /host: (\S+)\r\n/i.exec(bytes.toString('latin1'))?.[1];
  const workers = ['a', 'b', 'c'].map((name) => worker(name));

  it('is content as soon as the key is there', () => {
    const { peek } = byFirstBytes({ key: host });
    assert.equal(peek?.bytes, 1024);
    assert.equal(peek?.timeoutMs, 1000);
    assert.equal(peek?.enough?.(Buffer.from('GET / HTTP/1.1\r\nHost: a.exa'), from('1.1.1.1')), false);
    assert.equal(peek?.enough?.(Buffer.from('GET / HTTP/1.1\r\nHost: a.example\r\n'), from('1.1.1.1')), true);
  });

  it('gives equal keys to one worker, and different ones to all of them', () => {
    const rule = byFirstBytes({ key: (bytes) => bytes.toString('hex') });
    const pickedFor = (key: number): Candidate | undefined =>
      rule(from(`10.0.0.${key}`, { firstBytes: Buffer.from([key]) }), workers);
    const picked = Array.from({ length: 50 }, (_, key) => pickedFor(key));
    assert.deepEqual(
      picked,
      Array.from({ length: 50 }, (_, key) => pickedFor(key)),
    );
    assert.equal(new Set(picked).size, 3);
  });

  it('gives a connection without a key to whom the other rule picks', () => {
    const busy = [worker('busy', { open: 9 }), worker('idle')];
    assert.equal(byFirstBytes({ key: () => undefined })(from('1.1.1.1'), busy)?.name, 'idle');
    assert.equal(
      byFirstBytes({ key: () => undefined, otherwise: roundRobin() })(from('1.1.1.1'), busy)?.name,
      'busy',
    );
  });
});
