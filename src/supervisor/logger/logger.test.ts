import assert from 'node:assert/strict';
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createTestClock } from '../../testkit/clock.ts';
import type { KeptLog } from '../keeper/logger-orders.ts';
import { MemoryDisk } from './fixtures/memory-disk.ts';
import { openPipes, type Pipes, until } from './fixtures/pipes.ts';
import { decodeLine } from './log-format.ts';
import type { LogLine } from './log-line.ts';
import { createLogger, type Logger } from './logger.ts';
import { useStake } from './stake.ts';

const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

describe('the logger', () => {
  let pipes: Pipes;
  let disk: MemoryDisk;
  let clock: ReturnType<typeof createTestClock>;
  let logger: Logger;
  beforeEach(() => {
    pipes = openPipes();
    disk = new MemoryDisk();
    clock = createTestClock();
    logger = createLogger({ directory: '/logs', disk, clock, wallClock: () => at });
  });
  afterEach(async () => {
    disk.goOn();
    disk.trouble = undefined;
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    const ended = logger.end();
    for (let seconds = 0; seconds < 10; seconds++) await clock.advance(1000);
    await ended;
    pipes.clear();
  });

  const textOf = (log: KeptLog, age = 0): string =>
    disk.text(join('/logs', `${log.name}.log${age === 0 ? '' : `.${age}`}`));
  const linesOf = (log: KeptLog, age = 0): LogLine[] =>
    textOf(log, age)
      .split('\n')
      .slice(0, -1)
      .map((line) => decodeLine(log.name, line, 0));
  const textsOf = (log: KeptLog, age = 0): string[] =>
    linesOf(log, age).map(({ stream, text, cut }) => `${stream}${cut === true ? '+' : ''} ${text}`);
  /** Time passes, and what it sets off is done. */
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 50) {
      await clock.advance(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  it('writes the lines of both streams into one file, with their time', async () => {
    const log = pipes.log('web.1');
    await logger.open([log]);
    pipes.write(log, 'one\ntwo\n');
    await logger.flush();
    pipes.write(log, 'three\n', 'err');
    await logger.flush(['web.1', 'unknown']);
    const time = new Date(at).toISOString();
    assert.equal(textOf(log), `${time} out one\n${time} out two\n${time} err three\n`);
  });

  it('puts full files aside, and keeps so many', async () => {
    const log = pipes.log('a', { maxBytes: 100, files: 3 });
    await logger.open([log]);
    for (let n = 1; n <= 12; n++) pipes.write(log, `line ${n} of twelve\n`);
    await logger.flush();
    assert.deepEqual([...disk.files.keys()].sort(), ['/logs/a.log', '/logs/a.log.1', '/logs/a.log.2']);
    const kept = [2, 1, 0].flatMap((age) => linesOf(log, age)).map(({ text }) => text);
    assert.deepEqual(
      kept,
      [7, 8, 9, 10, 11, 12].map((n) => `line ${n} of twelve`),
    );
    for (const path of disk.files.keys()) assert.ok(disk.text(path).length <= 100);
  });

  it('goes on with new settings', async () => {
    const log = pipes.log('a');
    await logger.open([log]);
    await logger.open([{ ...log, format: 'json' }]);
    pipes.write(log, 'x\n');
    await logger.flush();
    assert.match(textOf(log), /^\{.*"text":"x"\}\n$/);
  });

  it('writes a line without an end after a second, marked, and the rest of it after that', async () => {
    const log = pipes.log('a');
    await logger.open([log]);
    pipes.write(log, 'Password: ');
    await logger.flush();
    assert.equal(textOf(log), '');
    await pass(1200);
    await until('it is written', () => textOf(log) !== '');
    pipes.write(log, 'secret\n');
    await logger.flush();
    assert.deepEqual(textsOf(log), ['out+ Password: ', 'out secret']);
  });

  it('takes no more out of a pipe than it has written, as long as the disk is quick', async () => {
    const log = pipes.log('a');
    await logger.open([log]);
    disk.hang();
    await pipes.pour(log, 'x'.repeat(63).concat('\n').repeat(2048));
    // Two pipes full are more than one read: what is left cannot have been read.
    assert.throws(() => pipes.write(log, 'y'.repeat(4096)), /EAGAIN/);
    disk.goOn();
    await pipes.pour(log, 'y\n');
    await logger.flush();
    assert.equal(linesOf(log).length, 2049);
  });

  it('reads on while the disk hangs, drops whole lines beyond a bound, and says how many', async () => {
    const log = pipes.log('a', { maxBytes: 100_000_000 });
    await logger.open([log]);
    disk.hang();
    const line = `${'x'.repeat(99)}\n`;
    const poured = pipes.pour(log, line.repeat(30_000));
    await pass(900);
    await poured;
    disk.goOn();
    await logger.flush();
    pipes.write(log, 'at last\n');
    await logger.flush();
    const lines = linesOf(log);
    const notes = lines.filter(({ stream }) => stream === 'note');
    assert.equal(notes.length, 1);
    const [, dropped] = /^(\d+) lines dropped: the disk is too slow$/.exec(notes[0]?.text ?? '') ?? [];
    const kept = lines.filter(({ text }) => text === line.trimEnd());
    assert.equal(kept.length + Number(dropped), 30_000);
    assert.ok(kept.length * line.length <= 2 * 1024 * 1024, `${kept.length} lines were kept`);
    assert.equal(lines.at(-1)?.text, 'at last');
  });

  it('drains a full disk, and goes on at the very byte when there is room', async () => {
    const log = pipes.log('a', { maxBytes: 100_000_000 });
    disk.capacityBytes = 5555;
    await logger.open([log]);
    const texts = Array.from({ length: 40_000 }, (_, n) => `line ${String(n).padStart(60, '0')}`);
    await pipes.pour(log, `${texts.join('\n')}\n`);
    await pass(2000);
    assert.equal(textOf(log).length, 5555);
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    await pass(1100);
    await until('it is written', () => textOf(log).includes('dropped'));
    const lines = linesOf(log);
    const [, dropped] = /^(\d+) lines dropped: ENOSPC$/.exec(lines.at(-1)?.text ?? '') ?? [];
    assert.deepEqual(
      lines.slice(0, -1).map(({ text }) => text),
      texts.slice(0, 40_000 - Number(dropped)),
    );
  });

  for (const code of ['EROFS', 'EIO', 'EACCES'])
    it(`drains and counts while the disk says ${code}`, async () => {
      const log = pipes.log('a', { maxBytes: 100_000_000 });
      await logger.open([log]);
      pipes.write(log, 'before\n');
      await logger.flush();
      disk.trouble = code;
      const poured = pipes.pour(log, `${'x'.repeat(99)}\n`.repeat(20_000));
      await pass(900);
      await poured;
      disk.trouble = undefined;
      await pass(1100);
      await until('it is written', () => textOf(log).includes('dropped'));
      const texts = linesOf(log).map(({ text }) => text);
      const [, dropped] = new RegExp(`^(\\d+) lines dropped: ${code}$`).exec(texts.at(-1) ?? '') ?? [];
      assert.equal(texts.length - 2 + Number(dropped), 20_000);
    });

  it('begins another file where somebody has taken its own away', async () => {
    const log = pipes.log('a');
    await logger.open([log]);
    pipes.write(log, 'one\n');
    await logger.flush();
    await disk.remove('/logs/a.log');
    await pass(1100);
    pipes.write(log, 'two\n');
    await logger.flush();
    assert.deepEqual(textsOf(log), ['out two']);
  });

  it('completes the last line of a file whose writer was killed, and says so', async () => {
    const log = pipes.log('a');
    const file = await disk.open('/logs/a.log');
    await file.append(Buffer.from(`${new Date(at).toISOString()} out to be or`), 0);
    await logger.open([log]);
    pipes.write(log, 'next\n');
    await logger.flush();
    assert.deepEqual(textsOf(log), [
      'out to be or',
      'note the line before this one is cut: its end was never written',
      'out next',
    ]);
  });

  it('says how much the logger before it may have lost, and nothing where it has lost nothing', async () => {
    const [lost, kept] = [pipes.log('lost'), pipes.log('kept')];
    for (const [path, bytes] of [[lost.err, 123] as const, [kept.err, 0] as const]) {
      const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
      useStake(fd, bytes);
      closeSync(fd);
    }
    await logger.open([lost, kept]);
    await logger.flush();
    assert.deepEqual(textsOf(lost), ['note gap: up to 123 bytes of err lost: the logger was killed']);
    assert.equal(textOf(kept), '');
    pipes.write(lost, 'read on\n', 'err');
    await pass(50);
    await until('it reads on', () => textsOf(lost).at(-1) === 'err read on');
  });

  it('holds no more than 16 MiB of all logs, however many hang', async () => {
    const logs = Array.from({ length: 24 }, (_, n) => pipes.log(`log-${n}`, { maxBytes: 100_000_000 }));
    await logger.open(logs);
    disk.hang();
    const line = `${'x'.repeat(1023)}\n`;
    let poured = 0;
    for (const log of logs) void pipes.pour(log, line.repeat(1500)).then(() => poured++);
    while (poured < logs.length) await pass(50);
    disk.goOn();
    await logger.flush();
    let kept = 0;
    for (const log of logs) {
      const lines = linesOf(log);
      const here = lines.filter(({ stream }) => stream === 'out').length;
      const [, dropped] = /^(\d+) lines dropped/.exec(lines.at(-1)?.text ?? '') ?? [];
      assert.equal(here + Number(dropped), 1500, log.name);
      kept += here * line.length;
    }
    assert.ok(kept <= 16 * 1024 * 1024, `${kept} bytes were held`);
  });

  it('writes what is left when a log is closed, and lets go of its pipes', async () => {
    const log = pipes.log('a');
    await logger.open([log]);
    pipes.write(log, 'one\ntwo');
    await logger.close(['a', 'unknown']);
    assert.deepEqual(textsOf(log), ['out one', 'out+ two']);
    pipes.write(log, 'left in the pipe\n');
    await logger.open([log]);
    await logger.flush();
    assert.deepEqual(textsOf(log).slice(2), ['out left in the pipe']);
  });

  it('refuses a name that leads elsewhere, and what is no pipe; the others are read', async () => {
    const log = pipes.log('a');
    for (const name of ['', '.', '../a', 'a/b', '.a', 'a.log', 'a.log.1', `${'a'.repeat(300)}`])
      await assert.rejects(logger.open([{ ...log, name }]), { code: 'ERR_BAD_ARGUMENT' }, name);
    const missing = join(pipes.directory, 'missing');
    for (const out of [missing, pipes.directory, '/dev/null'])
      await assert.rejects(logger.open([{ ...log, name: 'b', out }, log]), { code: 'ERR_NOT_REACHABLE' });
    pipes.write(log, 'read\n');
    await logger.flush();
    assert.deepEqual(textsOf(log), ['out read']);
  });

  it('reads every log while one writes without end', async () => {
    const [flood, quiet] = [pipes.log('flood', { files: 2 }), pipes.log('quiet')];
    await logger.open([flood, quiet]);
    let isOver = false;
    const flooding = (async () => {
      while (!isOver) await pipes.pour(flood, 'x\n'.repeat(20_000));
    })();
    for (let n = 1; n <= 20; n++) {
      await clock.advance(50);
      pipes.write(quiet, `${n}\n`);
      await until(`line ${n} is written`, () => linesOf(quiet).length === n);
    }
    isOver = true;
    await flooding;
  });
});
