import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { it } from 'node:test';
import { KindredError } from '../base/errors.ts';
import { createTestClock } from '../testkit/clock.ts';
import { ExitError } from './exit-error.ts';
import { type Main, type RunOptions, runIn } from './run.ts';
import { type OwnProcess, Shutdown } from './shutdown.ts';

interface Played {
  own: EventEmitter & { exitCode: number | undefined; stdout: EventEmitter };
  shutdown: Shutdown;
  exits: number[];
  said: () => string;
  settle(): Promise<void>;
}

/** Runs it in a process that has nothing of this one. */
function play(main: Main, options: RunOptions = {}): Played {
  const exits: number[] = [];
  const lines: string[] = [];
  const outputOf = (): EventEmitter =>
    Object.assign(new EventEmitter(), { write: (text: string) => lines.push(text) > 0 });
  const own = Object.assign(new EventEmitter(), {
    pid: 4711,
    exitCode: undefined as number | undefined,
    exit: (code: number) => void exits.push(code),
    stdout: outputOf(),
    stderr: outputOf(),
  });
  const clock = createTestClock();
  const shutdown = new Shutdown(own as unknown as OwnProcess, clock);
  shutdown.configure({ flush: async () => true });
  void runIn(main, { argv: [], ...options }, shutdown, own as unknown as NodeJS.Process);
  return { own, shutdown, exits, said: () => lines.join(''), settle: () => clock.advance(0) };
}

it('gives main the arguments, and exits with the number that it returns', async () => {
  for (const main of [
    (argv: readonly string[]) => argv.length,
    async (argv: readonly string[]) => argv.length,
  ]) {
    const { exits, settle } = play(main, { argv: ['one', 'two'] });
    await settle();
    assert.deepEqual(exits, [2]);
  }
});

it('exits with 0, or process.exitCode, where main returns no number', async () => {
  const plain = play(() => 'a result');
  await plain.settle();
  assert.deepEqual(plain.exits, [0]);
  const { promise, resolve } = Promise.withResolvers<void>();
  const set = play(() => promise);
  set.own.exitCode = 5;
  resolve();
  await set.settle();
  assert.deepEqual(set.exits, [5]);
});

it('exits with 70 where main returns what is no exit code', async () => {
  for (const value of [256, -1, 0.5, Number.NaN]) {
    const { exits, said, settle } = play(() => value);
    await settle();
    assert.deepEqual(exits, [70]);
    assert.match(said(), /main returned .*, which is no exit code/);
  }
});

it('says of an expected error its message alone', async () => {
  for (const [error, code, text] of [
    [new ExitError(66, 'there is no orders.csv'), 66, 'there is no orders.csv\n'],
    [new ExitError(3), 3, ''],
    [new KindredError('ERR_NOT_REACHABLE', 'nobody listens'), 69, 'nobody listens\n'],
  ] as const) {
    const { exits, said, settle } = play(() => Promise.reject(error));
    await settle();
    assert.deepEqual(exits, [code]);
    assert.equal(said(), text);
  }
});

it('says all of an error that nobody expected, and exits with 1', async () => {
  const { exits, said, settle } = play(() => {
    throw new TypeError('a fault', { cause: 'something' });
  });
  await settle();
  assert.deepEqual(exits, [1]);
  assert.match(said(), /^TypeError: a fault\n {4}at .*\n[\s\S]*\[cause\]: 'something'/);
});

it('lets the program choose exit codes for errors of its own', async () => {
  const exitCodeOf = (error: unknown): number | undefined => (error instanceof RangeError ? 65 : undefined);
  const known = play(() => Promise.reject(new RangeError('line 7 is too long')), { exitCodeOf });
  await known.settle();
  assert.deepEqual(known.exits, [65]);
  assert.equal(known.said(), 'line 7 is too long\n');
  const unknown = play(() => Promise.reject(new TypeError('a fault')), { exitCodeOf });
  await unknown.settle();
  assert.deepEqual(unknown.exits, [1]);
  assert.match(unknown.said(), /TypeError: a fault\n {4}at /);
});

it('runs the shutdown handlers when main has settled', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { shutdown, exits, settle } = play(() => promise);
  const heard: unknown[] = [];
  shutdown.register((reason) => heard.push(reason));
  await settle();
  assert.deepEqual(heard, []);
  resolve();
  await settle();
  assert.deepEqual(heard, [{ kind: 'end' }]);
  assert.deepEqual(exits, [0]);
});

it('forgives main what it throws because it was told to stop, and nothing else', async () => {
  const stop = new KindredError('ERR_CANCELLED', 'stopped');
  const abort = Object.assign(new Error('aborted'), { name: 'AbortError' });
  for (const [error, isTold, code] of [
    [stop, true, 0],
    [abort, true, 0],
    [new Error('a fault'), true, 1],
    [abort, false, 1],
  ] as const) {
    const { promise, reject } = Promise.withResolvers<void>();
    const { own, shutdown, exits, settle } = play(() => promise);
    shutdown.register(() => promise.catch(() => {}));
    if (isTold) own.emit('SIGTERM', 'SIGTERM');
    await settle();
    reject(error);
    await settle();
    assert.deepEqual(exits, [code], String(error));
  }
});

it('exits with 70 where nothing is left to do and main has not settled', async () => {
  const { own, exits, said, settle } = play(() => new Promise(() => {}));
  own.emit('beforeExit', 0);
  await settle();
  assert.deepEqual(exits, [70]);
  assert.match(said(), /main has not settled/);
});

it('ends with 0 when the reader of stdout has gone, and with 74 where stdout cannot be written', async () => {
  for (const [code, exit] of [
    ['EPIPE', 0],
    ['EIO', 74],
  ] as const) {
    const { own, exits, settle } = play(() => new Promise(() => {}));
    own.stdout.emit('error', Object.assign(new Error(code), { code }));
    await settle();
    assert.deepEqual(exits, [exit]);
  }
});

it('keeps the exit code of a failure although the reader of stdout has gone', async () => {
  const { own, shutdown, exits, settle } = play(() => 3);
  const flushed = Promise.withResolvers<boolean>();
  shutdown.configure({ flush: () => flushed.promise });
  await settle();
  own.stdout.emit('error', Object.assign(new Error('EPIPE'), { code: 'EPIPE' }));
  flushed.resolve(true);
  await settle();
  assert.deepEqual(exits, [3]);
});

it('ends with 1 over an exception in the midst', async () => {
  const { own, exits, said, settle } = play(() => new Promise(() => {}));
  own.emit('uncaughtException', new Error('in the midst'));
  await settle();
  assert.deepEqual(exits, [1]);
  assert.match(said(), /Error: in the midst/);
});
