import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseArgs } from 'node:util';
import { KindredError } from '../base/errors.ts';
import { exitCodeOfSignal, exitCodes } from './exit-codes.ts';
import { ExitError, exitCodeOf, isExpected } from './exit-error.ts';

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

it('an error that chooses its exit code ends with that', () => {
  const error = new ExitError(exitCodes.noInput, 'there is no orders.csv', { cause: 'something' });
  assert.equal(exitCodeOf(error), 66);
  assert.equal(error.name, 'ExitError');
  assert.equal(error.message, 'there is no orders.csv');
  assert.equal(error.cause, 'something');
  assert.equal(isExpected(error), true);
  class Missing extends ExitError {}
  assert.equal(exitCodeOf(new Missing(7)), 7);
});

it('an exit code is a byte', () => {
  for (const code of [-1, 256, 1.5, Number.NaN, '1' as unknown as number])
    assert.throws(() => new ExitError(code), { code: 'ERR_BAD_ARGUMENT', message: /is no exit code/ });
});

it('a command line that parseArgs refuses is a usage error', () => {
  for (const args of [['--nothing'], ['--count'], ['more']]) {
    const error = thrownBy(() => parseArgs({ args, options: { count: { type: 'string' } } }));
    assert.equal(exitCodeOf(error), exitCodes.usage, String(error));
    assert.equal(isExpected(error), true);
  }
});

it('a KindredError ends with the code that says what kind of failure it was', () => {
  const codes: [KindredError, number][] = [
    [new KindredError('ERR_BAD_ADDRESS', 'x'), 64],
    [new KindredError('ERR_BAD_ARGUMENT', 'x'), 64],
    [new KindredError('ERR_INSECURE_ADDRESS', 'x'), 64],
    [new KindredError('ERR_BAD_ARGUMENT', 'x', { outcome: 'executed' }), 1],
    [new KindredError('ERR_BAD_ARGUMENT', 'x', { origin: 'remote' }), 1],
    [new KindredError('ERR_NOT_REACHABLE', 'x'), 69],
    [new KindredError('ERR_START_FAILED', 'x'), 69],
    [new KindredError('ERR_PEER_GONE', 'x', { outcome: 'not-sent' }), 69],
    [new KindredError('ERR_PEER_GONE', 'x', { outcome: 'unknown' }), 1],
    [new KindredError('ERR_TIMEOUT', 'x'), 75],
    [new KindredError('ERR_BUSY', 'x'), 75],
    [new KindredError('ERR_PROTOCOL', 'x'), 76],
    [new KindredError('ERR_UNSAFE_DIRECTORY', 'x'), 78],
    [new KindredError('ERR_REMOTE', 'x'), 1],
    [new KindredError('ERR_INTERNAL', 'x'), 70],
  ];
  for (const [error, code] of codes) {
    assert.equal(exitCodeOf(error), code, error.code);
    assert.equal(isExpected(error), error.code !== 'ERR_INTERNAL');
  }
});

it('everything else is a failure, whatever it is', () => {
  for (const error of [
    new Error('x'),
    'x',
    0,
    undefined,
    null,
    Object.assign(new Error('x'), { exitCode: 3 }),
  ]) {
    assert.equal(exitCodeOf(error), 1);
    assert.equal(isExpected(error), false);
  }
});

it('the exit code of a signal is that of the shell', () => {
  assert.equal(exitCodeOfSignal('SIGTERM'), 143);
  assert.equal(exitCodeOfSignal('SIGINT'), 130);
  assert.equal(exitCodeOfSignal('SIGHUP'), 129);
});
