import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KindredError } from 'kindred';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { linesOf } from './report.ts';
import { UsageError } from './usage.ts';

const show = (error: unknown, verbose: boolean = false): string[] =>
  linesOf(error, { verbose, paint: (_, text) => text });

test('an error is one line with its code, its outcome and the mend', () => {
  const error = new KindredError('ERR_NOT_REACHABLE', 'local:math is not there', { outcome: 'not-sent' });
  assert.deepEqual(show(error), [
    'kindred: local:math is not there; --wait waits for it (ERR_NOT_REACHABLE, outcome not-sent)',
  ]);
  assert.deepEqual(show(new UsageError('write it so')), ['kindred: write it so']);
});

test('what a function of the service threw is told with what it carries and its causes', () => {
  const thrown = Object.assign(
    new TypeError('no items', { cause: new Error('empty', { cause: 'a string' }) }),
    {
      code: 'E_EMPTY',
      data: { items: 0 },
    },
  );
  const error = new KindredError('ERR_REMOTE', 'no items', {
    cause: thrown,
    name: 'TypeError',
    outcome: 'executed',
    origin: 'remote',
  });
  assert.deepEqual(show(error), [
    'kindred: TypeError: no items (ERR_REMOTE, outcome executed)',
    '  code: "E_EMPTY"',
    '  data: {"items":0}',
    '  caused by empty',
    '    caused by a string',
  ]);
});

test('the errors of an AggregateError are told, and causes that go round come to an end', () => {
  const error = new AggregateError([new Error('one'), new RangeError('two')], 'both failed');
  assert.deepEqual(show(error), [
    'kindred: AggregateError: both failed',
    '  among them one',
    '  among them RangeError: two',
  ]);
  const round = new Error('round');
  round.cause = round;
  assert.ok(show(round).length < 20);
});

test('what comes from elsewhere cannot steer the terminal', () => {
  const [first, second] = show(
    new KindredError('ERR_REMOTE', 'red \u001b[31m\r\u009b2J\nkindred: all is well', {
      cause: new Error('\u0007'),
    }),
  );
  assert.equal(first, 'kindred: red \\x1b[31m\\x0d\\x9b2J\n  kindred: all is well (ERR_REMOTE)');
  assert.equal(second, '  caused by \\x07');
});

test('stacks are shown only where they are asked for', () => {
  const error = new KindredError('ERR_REMOTE', 'x', { cause: new Error('y') });
  assert.ok(!show(error).some((line) => line.includes('report.test.ts')));
  assert.ok(show(error, true).some((line) => /^ {2}at .*report\.test\.ts/.test(line)));
});

test('the exit code tells a wrong command line, nobody there and late from all other failures', () => {
  const codes: [unknown, number][] = [
    [new UsageError('x'), exitCodes.usage],
    [new KindredError('ERR_BAD_ADDRESS', 'x'), exitCodes.usage],
    [new KindredError('ERR_INSECURE_ADDRESS', 'x'), exitCodes.usage],
    [new KindredError('ERR_BAD_ARGUMENT', 'x'), exitCodes.usage],
    [new KindredError('ERR_BAD_ARGUMENT', 'x', { outcome: 'executed' }), exitCodes.failed],
    [new KindredError('ERR_BAD_ARGUMENT', 'x', { origin: 'remote' }), exitCodes.failed],
    [new KindredError('ERR_NOT_REACHABLE', 'x'), exitCodes.notReachable],
    [new KindredError('ERR_PEER_GONE', 'x', { outcome: 'not-sent' }), exitCodes.notReachable],
    [new KindredError('ERR_PEER_GONE', 'x', { outcome: 'unknown' }), exitCodes.failed],
    [new KindredError('ERR_TIMEOUT', 'x'), exitCodes.timedOut],
    [new KindredError('ERR_REMOTE', 'x'), exitCodes.failed],
    [new KindredError('ERR_METHOD_NOT_FOUND', 'x'), exitCodes.failed],
    [new Error('x'), exitCodes.failed],
    [0, exitCodes.failed],
  ];
  for (const [error, code] of codes) assert.equal(exitCodeOf(error), code, String(error));
});
