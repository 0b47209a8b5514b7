/**
 * What services write is in the files, whatever happens to the logger: killed at any moment it loses one read of a stream at
 * most, which the next one counts; and it outlives its keeper only to write what is left.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from '../../src/endpoint/connect.ts';
import { fork } from '../../src/process/spawn.ts';
import type { KeptLog } from '../../src/supervisor/keeper/logger-orders.ts';
import { openPipes, type Pipes } from '../../src/supervisor/logger/fixtures/pipes.ts';
import type { LogLine } from '../../src/supervisor/logger/log-line.ts';
import type { Logger } from '../../src/supervisor/logger/logger.ts';
import { readLogs } from '../../src/supervisor/logger/read-logs.ts';
import { until, within } from './fixtures/deadline.ts';
import { numberOf } from './fixtures/log-lines.ts';
import { fixture } from './fixtures/programs.ts';
import { createRandom, seed } from './fixtures/random.ts';
import { isAlive, onStage, type Stage } from './fixtures/stage.ts';

const soak = Number(process.env['KINDRED_SOAK'] ?? 1);
const kills = 5 * soak;
const readBytes = 64 * 1024;
const main = new URL('../../src/supervisor/logger/logger-main.ts', import.meta.url);

interface Fate {
  written: { out: number; err: number; longestMs: number };
  lines: LogLine[];
}

/** A service with this log, until it is told to stop. */
function startWriter(log: KeptLog): { pid: number | undefined; stop(): Promise<Fate['written']> } {
  const fds = [openSync(log.out, 'r+'), openSync(log.err, 'r+')];
  const child = spawn(process.execPath, [fixture('log-writer.ts'), '10000000'], {
    stdio: ['ignore', ...fds, 'ipc'],
  });
  for (const fd of fds) closeSync(fd);
  const said = once(child, 'message');
  const exited = once(child, 'exit');
  return {
    pid: child.pid,
    async stop() {
      child.send('stop');
      const [written] = await within('the writer stops', said);
      await within('the writer ends', exited);
      return written as Fate['written'];
    },
  };
}

/** Many are started in a row, on a machine that may be slow. */
const startMs = 60_000;

async function startLogger(stage: Stage, pipes: Pipes, logs: readonly KeptLog[]) {
  const child = fork(main, [pipes.logDirectory], { channel: 'descriptor' });
  stage.watch(child.pid);
  const peer = await connect<Pick<Logger, 'open' | 'flush'>>(child);
  await within('the logger reads', peer.call.open(logs), startMs);
  return { child, peer };
}

async function readAll(pipes: Pipes, log: KeptLog): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for await (const line of readLogs(pipes.logDirectory, { logs: [log.name] })) lines.push(line);
  return lines;
}

/** What of a stream is there, and what of it is said to be lost. Throws where a line is there twice, or out of order. */
function account(lines: readonly LogLine[], stream: 'out' | 'err') {
  let there = 0;
  let lost = 0;
  let gaps = 0;
  let last = -1;
  let begun = '';
  for (const [at, line] of lines.entries()) {
    if (line.stream === 'note') {
      const [, bytes, of] = /^gap: up to (\d+) bytes of (out|err) lost/.exec(line.text) ?? [];
      if (of === stream) gaps++;
      if (of === stream) lost += Number(bytes);
      continue;
    }
    if (line.stream !== stream) continue;
    const text = begun + line.text;
    begun = line.cut === true ? text : '';
    if (line.cut === true) continue;
    const n = numberOf(stream, text);
    // What a kill has torn has no newline of its own.
    const isTorn = lines[at + 1]?.text.startsWith('the line before this one is cut') === true;
    there += Buffer.byteLength(text) + (isTorn ? 0 : 1);
    if (n === undefined) continue;
    assert.ok(n > last, `${stream} ${n} comes after ${last}`);
    last = n;
  }
  return { there: there + Buffer.byteLength(begun), lost, gaps };
}

test(`kill -9 of the logger, ${kills} times under load: every line is there, or in a gap that is counted`, async (t) => {
  t.diagnostic(`seed ${seed}`);
  const random = createRandom(seed);
  await onStage(async (stage) => {
    const pipes = openPipes();
    try {
      const settings = { maxBytes: 2_000_000, files: 100_000 };
      const busy = ['text', 'json'].map((format) => pipes.log(format, { ...settings, format } as KeptLog));
      const quiet = pipes.log('quiet');
      let { child, peer } = await startLogger(stage, pipes, [...busy, quiet]);
      pipes.write(quiet, 'written before\n');
      await within('it is written', peer.call.flush());
      const writers = busy.map(startWriter);
      for (const { pid } of writers) stage.watch(pid);
      for (let kill = 0; kill < kills; kill++) {
        await delay(random.int(250));
        child.kill('SIGKILL');
        await within('the logger has ended', child.exited);
        ({ child, peer } = await startLogger(stage, pipes, [...busy, quiet]));
      }
      const written = await Promise.all(writers.map((writer) => writer.stop()));
      pipes.write(quiet, 'written after\n');
      await within('all is written', peer.call.flush());
      child.kill('SIGKILL');
      await within('the logger has ended', child.exited);

      let gaps = 0;
      for (const [n, log] of busy.entries()) {
        const lines = await readAll(pipes, log);
        for (const stream of ['out', 'err'] as const) {
          const is = account(lines, stream);
          const was = written[n]?.[stream] as number;
          const told = `${log.name} ${stream}: ${was} bytes written, ${is.there} there, ${is.lost} in ${is.gaps} gaps`;
          t.diagnostic(told);
          assert.ok(is.there + is.lost >= was, `lost and not counted: ${told}`);
          assert.ok(is.gaps <= kills && is.lost <= is.gaps * readBytes, `more than a read was lost: ${told}`);
          assert.ok(was - is.there <= kills * readBytes, `more than a read was lost: ${told}`);
          gaps += is.gaps;
        }
      }
      const longestMs = Math.max(...written.map((each) => each.longestMs));
      t.diagnostic(
        `${kills} kills, ${gaps} gaps; the longest write of a service took ${Math.round(longestMs)} ms`,
      );
      // The kills were none of its business: nothing of it was at stake.
      const texts = (await readAll(pipes, quiet)).map(({ text }) => text);
      assert.deepEqual(texts, ['written before', 'written after']);
    } finally {
      pipes.clear();
    }
  });
});

test('kill -9 of the keeper: what is left in the pipes is written, and the logger ends', async () => {
  await onStage(async (stage) => {
    const pipes = openPipes();
    try {
      const log = pipes.log('a');
      const keeper = fork(fixture('log-keeper.ts'), [pipes.logDirectory, JSON.stringify([log])], {
        env: stage.env,
      });
      const { logger } = (await stage.nextPlayer(keeper.exited)).news as { logger: number };
      stage.watch(logger);
      // As a terminal says it to all.
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(logger, signal);
      pipes.write(log, 'heard no signal\n');
      for await (const { text } of readLogs(pipes.logDirectory, { follow: true })) {
        assert.equal(text, 'heard no signal');
        break;
      }
      // While it stands still, so that it is left in the pipe.
      process.kill(logger, 'SIGSTOP');
      pipes.write(log, 'last words\nand a line without an end', 'err');
      keeper.kill('SIGKILL');
      await within('the keeper has ended', keeper.exited);
      process.kill(logger, 'SIGCONT');
      await until('the logger has ended', () => !isAlive(logger));
      const lines = await readAll(pipes, log);
      assert.deepEqual(
        lines.map(({ stream, text, cut }) => [stream, text, cut]),
        [
          ['out', 'heard no signal', undefined],
          ['err', 'last words', undefined],
          ['err', 'and a line without an end', true],
        ],
      );
    } finally {
      pipes.clear();
    }
  });
});

test('a logger without logs ends when it is told to', async () => {
  await onStage(async (stage) => {
    const pipes = openPipes();
    try {
      const { child } = await startLogger(stage, pipes, []);
      child.kill('SIGTERM');
      assert.deepEqual(await within('it ends', child.exited), { exitCode: 0, signal: null });
    } finally {
      pipes.clear();
    }
  });
});
