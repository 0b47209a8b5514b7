import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { arrive } from '../../../test/suites/binary-channel.ts';
import { errorCodes, KindredError } from '../../base/errors.ts';

describe('errors between two Kindreds', () => {
  it('arrive as the standard class that they were', () => {
    const classes = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];
    for (const type of classes) {
      const arrived = arrive(new type('no')) as Error;
      assert.deepEqual(arrived, new type('no'));
      assert.equal(arrived.constructor, type);
      assert.deepEqual(Object.keys(arrived), []);
    }
  });

  it('arrive with name, code, cause and their other properties', () => {
    class NotFound extends RangeError {
      code = 'E_NOT_FOUND';
      data = { path: ['a'] };
      constructor(message: string, cause: unknown) {
        super(message, { cause });
        this.name = 'NotFound';
      }
    }
    const arrived = arrive(new NotFound('no such file', new TypeError('inner'))) as NotFound;
    assert.ok(arrived instanceof RangeError);
    assert.equal(arrived.name, 'NotFound');
    assert.equal(arrived.message, 'no such file');
    assert.deepEqual(arrived.cause, new TypeError('inner'));
    assert.deepEqual({ ...arrived }, { code: 'E_NOT_FOUND', data: { path: ['a'] } });
    assert.deepEqual(arrive(new Error('x', { cause: undefined })), new Error('x', { cause: undefined }));
  });

  it('arrive with a code that their class keeps in its prototype', () => {
    const aborted = AbortSignal.abort().reason as DOMException;
    const arrived = arrive(aborted) as DOMException;
    assert.equal(arrived.name, 'AbortError');
    assert.equal(arrived.code, 20);
    assert.equal(arrived.message, aborted.message);
  });

  it('that are many arrive with each of them', () => {
    const many = new AggregateError([new Error('a'), 1, new TypeError('b')], 'all failed');
    const arrived = arrive(many) as AggregateError;
    assert.ok(arrived instanceof AggregateError);
    assert.deepEqual(arrived, many);
    assert.equal(Object.getOwnPropertyDescriptor(arrived, 'errors')?.enumerable, false);
    const validation = Object.assign(new Error('invalid'), { errors: [{ path: 'a' }] });
    assert.deepEqual(arrive(validation), validation);
  });

  it('arrive without a stack: neither that of the other end, nor one of this end that would mislead', () => {
    const arrived = arrive(Object.assign(new TypeError('no'), { name: 'MyError' })) as Error;
    assert.equal(arrived.stack, 'MyError: no');
    assert.equal(Object.getOwnPropertyDescriptor(arrived, 'stack')?.enumerable, false);
  });

  it('with odd names and messages arrive with what they look like', () => {
    const odd = new Error('x');
    Object.assign(odd, { name: 5, message: null });
    const arrived = arrive(odd) as Error;
    assert.equal(arrived.name, '5');
    assert.equal(arrived.message, 'null');
  });

  it('of Kindred arrive as such, from the other end', () => {
    const sent = new KindredError('ERR_REMOTE', 'it threw', {
      cause: new RangeError('inner'),
      outcome: 'executed',
      data: { a: [1] },
      retryable: true,
      name: 'RangeError',
    });
    const arrived = arrive(sent) as KindredError;
    assert.ok(arrived instanceof KindredError);
    const { code, message, outcome, data, retryable, origin, name, cause, stack } = arrived;
    assert.deepEqual(
      { code, message, outcome, data, retryable, origin, name, stack },
      {
        code: 'ERR_REMOTE',
        message: 'it threw',
        outcome: 'executed',
        data: { a: [1] },
        retryable: true,
        origin: 'remote',
        name: 'RangeError',
        stack: 'RangeError: it threw',
      },
    );
    assert.deepEqual(cause, new RangeError('inner'));
  });

  it('of Kindred arrive with every code and outcome, and without what they do not have', () => {
    for (const code of Object.keys(errorCodes) as (keyof typeof errorCodes)[])
      for (const outcome of ['not-sent', 'executed', 'unknown', undefined] as const) {
        const arrived = arrive(
          new KindredError(code, 'm', outcome === undefined ? {} : { outcome }),
        ) as KindredError;
        assert.equal(arrived.code, code);
        assert.equal(arrived.outcome, outcome);
        assert.equal(arrived.retryable, errorCodes[code].retryable);
        assert.equal(arrived.name, 'KindredError');
        assert.equal('cause' in arrived, false);
        assert.equal(arrived.data, undefined);
      }
  });
});
