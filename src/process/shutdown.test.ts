import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { createTestClock, type TestClock } from '../testkit/clock.ts';
import { type OwnProcess, Shutdown } from './shutdown.ts';

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
const faults = ['uncaughtException', 'unhandledRejection'] as const;

/** A process that has nothing of this one. */
function stage({ pid = 4711 } = {}): {
  own: EventEmitter & { exitCode: number | undefined };
  shutdown: Shutdown;
  clock: TestClock;
  /** Exit codes that it was to end with. */
  exits: number[];
  said: () => string;
  warnings: string[];
} {
  const exits: number[] = [];
  const lines: string[] = [];
  const warnings: string[] = [];
  const output = Object.assign(new EventEmitter(), { write: (text: string) => lines.push(text) > 0 });
  const own = Object.assign(new EventEmitter(), {
    pid,
    exitCode: undefined as number | undefined,
    exit: (code: number) => void exits.push(code),
    emitWarning: (text: string) => void warnings.push(text),
    stdout: output,
    stderr: output,
  });
  const clock = createTestClock();
  const shutdown = new Shutdown(own as unknown as OwnProcess, clock);
  shutdown.configure({ flush: async () => true });
  return { own, shutdown, clock, exits, said: () => lines.join(''), warnings };
}

const never = (): Promise<never> => new Promise(() => {});

describe('a shutdown', () => {
  it('runs the handlers once, the last registered first, each after the one before it, and exits with 0', async () => {
    const { own, shutdown, clock, exits } = stage();
    const deeds: string[] = [];
    for (const name of ['first', 'second', 'third'])
      shutdown.register(async () => {
        deeds.push(`${name} begins`);
        await Promise.resolve();
        deeds.push(`${name} ends`);
      });
    own.emit('SIGTERM', 'SIGTERM');
    await clock.advance(0);
    assert.deepEqual(deeds, [
      'third begins',
      'third ends',
      'second begins',
      'second ends',
      'first begins',
      'first ends',
    ]);
    assert.deepEqual(exits, [0]);
  });

  it('tells the handlers why', async () => {
    const error = new Error('a fault');
    for (const [event, value, reason] of [
      ['SIGHUP', 'SIGHUP', { kind: 'signal', signal: 'SIGHUP' }],
      ['uncaughtException', error, { kind: 'uncaughtException', error }],
      ['unhandledRejection', error, { kind: 'unhandledRejection', error }],
      ['beforeExit', 0, { kind: 'end' }],
    ] as const) {
      const { own, shutdown, clock } = stage();
      const heard: unknown[] = [];
      shutdown.register((why) => heard.push(why));
      own.emit(event, value);
      await clock.advance(0);
      assert.deepEqual(heard, [reason], event);
    }
  });

  it('keeps the exit code that the program has set', async () => {
    const { own, shutdown, clock, exits } = stage();
    shutdown.register(() => {
      own.exitCode = 3;
    });
    own.emit('SIGINT', 'SIGINT');
    await clock.advance(0);
    assert.deepEqual(exits, [3]);
  });

  it('exits with 1 over an exception and over a rejection, and says all of it first', async () => {
    for (const event of faults) {
      const { own, shutdown, clock, exits, said } = stage();
      shutdown.register(() =>
        assert.match(said(), /Error: a fault\n {4}at .*\n[\s\S]*\[cause\]: 'something'/),
      );
      own.emit(event, new Error('a fault', { cause: 'something' }));
      await clock.advance(0);
      assert.deepEqual(exits, [1], said());
    }
  });

  it('reports a handler that throws by its name, runs the others all the same, and exits with 1', async () => {
    for (const fail of [
      () => {
        throw new Error('a fault');
      },
      async () => Promise.reject(new Error('a fault')),
    ]) {
      const { own, shutdown, clock, exits, said } = stage();
      let hasRun = false;
      shutdown.register(() => {
        hasRun = true;
      });
      shutdown.register(fail, { name: 'the database' });
      own.emit('SIGTERM', 'SIGTERM');
      await clock.advance(0);
      assert.match(said(), /handler the database failed: Error: a fault/);
      assert.equal(hasRun, true);
      assert.deepEqual(exits, [1]);
    }
  });

  it('goes on to the next handler when the time of one is over', async () => {
    const { own, shutdown, clock, exits, said } = stage();
    const deeds: string[] = [];
    shutdown.register(() => deeds.push('the next'));
    shutdown.register(never, { name: 'the slow one', timeoutMs: 500 });
    own.emit('SIGTERM', 'SIGTERM');
    await clock.advance(499);
    assert.deepEqual(deeds, []);
    await clock.advance(1);
    assert.deepEqual(deeds, ['the next']);
    assert.match(said(), /the slow one has not finished within 500 ms/);
    assert.deepEqual(exits, [1]);
  });

  it('ends at its deadline with 128 + the number of the signal, and names the handler that hangs', async () => {
    const { own, shutdown, clock, exits, said } = stage();
    shutdown.register(function hanging() {
      return never();
    });
    own.emit('SIGTERM', 'SIGTERM');
    await clock.advance(9999);
    assert.deepEqual(exits, []);
    await clock.advance(1);
    assert.deepEqual(exits, [143]);
    assert.match(said(), /handler hanging has not finished within 10000 ms/);
  });

  it('ends at its deadline with 1 where no signal has begun it', async () => {
    const { own, shutdown, clock, exits } = stage();
    shutdown.configure({ timeoutMs: 100 });
    shutdown.register(never);
    own.emit('uncaughtException', new Error('a fault'));
    await clock.advance(100);
    assert.deepEqual(exits, [1]);
  });

  it('ends at once over a second signal, with 128 + its number', async () => {
    const { own, shutdown, clock, exits } = stage();
    shutdown.register(never);
    own.emit('SIGTERM', 'SIGTERM');
    await clock.advance(0);
    own.emit('SIGINT', 'SIGINT');
    assert.deepEqual(exits, [130]);
    own.emit('SIGTERM', 'SIGTERM');
    assert.deepEqual(exits, [130, 143]);
  });

  it('takes the Ctrl-C that npm hands on for the one that the terminal has sent', async () => {
    const { own, shutdown, clock, exits } = stage();
    shutdown.register(never);
    own.emit('SIGINT', 'SIGINT');
    await clock.advance(99);
    own.emit('SIGINT', 'SIGINT');
    assert.deepEqual(exits, []);
    await clock.advance(1);
    own.emit('SIGINT', 'SIGINT');
    assert.deepEqual(exits, [130]);
  });

  it('is not cut short by the first signal where it has begun without one', async () => {
    const { own, shutdown, clock, exits } = stage();
    const { promise, resolve } = Promise.withResolvers<void>();
    shutdown.register(() => promise);
    own.emit('beforeExit', 0);
    await clock.advance(0);
    own.emit('SIGTERM', 'SIGTERM');
    assert.deepEqual(exits, []);
    resolve();
    await clock.advance(0);
    assert.deepEqual(exits, [0]);
  });

  it('goes on over an exception in its midst, and exits with 1', async () => {
    const { own, shutdown, clock, exits, said } = stage();
    const { promise, resolve } = Promise.withResolvers<void>();
    shutdown.register(() => promise);
    own.emit('SIGTERM', 'SIGTERM');
    await clock.advance(0);
    own.emit('uncaughtException', new Error('in the midst'));
    assert.deepEqual(exits, []);
    resolve();
    await clock.advance(0);
    assert.match(said(), /in the midst/);
    assert.deepEqual(exits, [1]);
  });

  it('runs a handler that is registered in its midst next, and none that was taken back', async () => {
    const { own, shutdown, clock } = stage();
    const deeds: string[] = [];
    const takeBack = shutdown.register(() => deeds.push('taken back'));
    shutdown.register(() => deeds.push('first'));
    shutdown.register(() => {
      takeBack();
      shutdown.register(() => deeds.push('late'));
    });
    own.emit('SIGTERM', 'SIGTERM');
    await clock.advance(0);
    assert.deepEqual(deeds, ['late', 'first']);
  });

  it('flushes when the handlers are done, and exits when that is', async () => {
    const { own, shutdown, clock, exits } = stage();
    const flushed = Promise.withResolvers<boolean>();
    let isDone = false;
    shutdown.configure({
      flush: () => {
        assert.equal(isDone, true);
        return flushed.promise;
      },
    });
    shutdown.register(() => {
      isDone = true;
    });
    own.emit('SIGTERM', 'SIGTERM');
    await clock.advance(0);
    assert.deepEqual(exits, []);
    flushed.resolve(true);
    await clock.advance(0);
    assert.deepEqual(exits, [0]);
  });

  it('exits with 1 where output was lost, and says so', async () => {
    for (const flush of [async () => false, () => Promise.reject(new Error('a fault'))]) {
      const { own, shutdown, clock, exits, said } = stage();
      shutdown.configure({ flush });
      shutdown.register(() => {});
      own.emit('SIGTERM', 'SIGTERM');
      await clock.advance(0);
      assert.deepEqual(exits, [1]);
      assert.match(said(), /some of the output is lost/);
    }
  });

  it('bounds the flush by its deadline after a signal, and not where the program is through', async () => {
    for (const [event, expected] of [
      ['SIGTERM', [143]],
      ['beforeExit', []],
    ] as const) {
      const { own, shutdown, clock, exits } = stage();
      shutdown.configure({ flush: never });
      shutdown.register(() => {});
      own.emit(event, event);
      await clock.advance(60_000);
      assert.deepEqual(exits, expected);
    }
  });

  it('begins once, whoever begins it', async () => {
    const { own, shutdown, clock, exits } = stage();
    let runs = 0;
    shutdown.register(() => {
      runs++;
      void shutdown.begin({ kind: 'end' });
    });
    void shutdown.begin({ kind: 'end' });
    own.emit('SIGTERM', 'SIGTERM');
    await clock.advance(0);
    assert.equal(runs, 1);
    assert.deepEqual(exits, [0]);
  });
});

describe('a program without shutdown handlers', () => {
  it('keeps what Node.js does over signals and faults', () => {
    const { own, shutdown } = stage();
    assert.deepEqual(own.eventNames(), []);
    const takeBack = [shutdown.register(() => {}), shutdown.register(() => {})];
    assert.deepEqual(own.eventNames().toSorted(), ['beforeExit', ...signals, ...faults].toSorted());
    for (const each of takeBack) each();
    assert.deepEqual(own.eventNames(), []);
    // Once more is no more than once.
    takeBack[0]?.();
    const last = shutdown.register(() => {});
    takeBack[1]?.();
    assert.equal(own.listenerCount('SIGTERM'), 1);
    last();
  });

  it('hears of faults alone where they are to go the same way', async () => {
    const { own, shutdown, clock, exits } = stage();
    shutdown.keep();
    assert.deepEqual(own.eventNames().toSorted(), faults.toSorted());
    own.emit('uncaughtException', new Error('a fault'));
    await clock.advance(0);
    assert.deepEqual(exits, [1]);
  });
});

describe('the settings of a shutdown', () => {
  it('say which signals begin it, also while handlers are registered', () => {
    const { own, shutdown } = stage();
    shutdown.register(() => {});
    shutdown.configure({ signals: ['SIGUSR2', 'SIGTERM'] });
    assert.deepEqual(
      ['SIGUSR2', ...signals].map((signal) => own.listenerCount(signal)),
      [1, 1, 0, 0],
    );
  });

  it('are refused where they cannot be', () => {
    const { shutdown } = stage();
    for (const settings of [
      { signals: ['SIGKILL' as const] },
      { signals: ['SIGNOTHING' as NodeJS.Signals] },
      { timeoutMs: -1 },
      { timeoutMs: Number.NaN },
    ])
      assert.throws(() => shutdown.configure(settings), { code: 'ERR_BAD_ARGUMENT' });
    assert.throws(() => shutdown.register(() => {}, { timeoutMs: -1 }), { code: 'ERR_BAD_ARGUMENT' });
  });
});

it('the first process of a container is told once what Node.js cannot do there', () => {
  const { shutdown, warnings } = stage({ pid: 1 });
  assert.deepEqual(warnings, []);
  shutdown.register(() => {})();
  shutdown.register(() => {});
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /PID 1.*zombies.*docker run --init/);
});
