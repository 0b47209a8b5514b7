import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { readFile } from '../../test/suites/vectors.ts';
import { prove, provedBy } from './proof.ts';

interface Vector {
  title: string;
  secret: string;
  binding: string;
  dialer: string;
  listener: string;
  lines: { from: 'dialer' | 'listener'; text: string }[];
}

const { dialer, listener } = { dialer: '01'.repeat(32), listener: '02'.repeat(32) };
const exchange = { dialer, listener, binding: '' };
const secrets = ['a', 'b', 'c'].map((name) => ({ name, bytes: Buffer.alloc(32, name) }));
const [a, b, c] = secrets as [(typeof secrets)[0], (typeof secrets)[0], (typeof secrets)[0]];

describe('a proof of a secret', () => {
  for (const vector of readFile<Vector>('secret'))
    it(`is as the vectors have it: ${vector.title}`, () => {
      const bytes = Buffer.from(vector.secret, 'hex');
      const [, , asked, answered] = vector.lines.map(({ text }) => JSON.parse(text));
      assert.equal(prove(bytes, 'dialer', vector), asked.params.proof);
      assert.equal(prove(bytes, 'listener', vector), answered.result.proof);
    });

  it('tells by which of several secrets it was made', () => {
    for (const secret of secrets)
      assert.equal(provedBy(secrets, prove(secret.bytes, 'dialer', exchange), 'dialer', exchange), secret);
  });

  it('is good for one exchange, one role and one connection only', () => {
    const proof = prove(b.bytes, 'dialer', exchange);
    for (const other of [
      { ...exchange, dialer: listener },
      { ...exchange, listener: dialer },
      { ...exchange, binding: '03'.repeat(32) },
      { dialer: listener, listener: dialer, binding: '' },
    ])
      assert.equal(provedBy(secrets, proof, 'dialer', other), undefined);
    assert.equal(provedBy(secrets, proof, 'listener', exchange), undefined);
    assert.equal(provedBy([a, c], proof, 'dialer', exchange), undefined);
  });

  it('is compared in constant time with every secret, whichever fits and whatever came in its place', () => {
    const compare = mock.method(process.getBuiltinModule('node:crypto'), 'timingSafeEqual');
    try {
      const right = prove(a.bytes, 'dialer', exchange);
      const wrong = [
        right.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
        right.toUpperCase(),
        `${right}00`,
      ];
      for (const proof of [
        right,
        ...wrong,
        right.slice(1),
        '',
        'x'.repeat(64),
        undefined,
        null,
        7,
        [right],
      ]) {
        compare.mock.resetCalls();
        provedBy(secrets, proof, 'dialer', exchange);
        assert.equal(compare.mock.callCount(), secrets.length);
      }
      for (const proof of wrong) assert.equal(provedBy(secrets, proof, 'dialer', exchange), undefined);
    } finally {
      compare.mock.restore();
    }
  });
});
