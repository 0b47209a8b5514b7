/** Sees from a thread beside the main one whether the event loop of the main thread turns, and writes all words. */
import { writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { describeBlocked } from './blocked.ts';
import { HangWatch } from './hang-watch.ts';
import { cells, type PulseData } from './pulse-cells.ts';
import { maxWordBytes, type Word } from './word.ts';

export function begin({ words, hangMs, loadEveryMs, beatMs, cells: shared }: PulseData): void {
  /** How often it looks, in milliseconds. */
  const lookEveryMs = Math.max(10, beatMs / 2);

  // A descriptor that would wait is made one that does not, by being a socket of Node.js; it stays so while this lives.
  const holder = words.isNonBlocking ? undefined : hold(words.fd);
  holder?.on('error', () => {}).unref();

  const watch = new HangWatch(hangMs, lookEveryMs);
  let stopLooking = (): void => {};

  setInterval(() => {
    const { change, blockedMs } = watch.look(performance.now(), Atomics.load(shared, cells.beats));
    if (change === undefined) return;
    // First of all: whoever hears of it may be waiting.
    say(words.fd, { word: change, blockedMs });
    stopLooking();
    if (change !== 'hung') return;
    stopLooking = describeBlocked((text) => {
      say(words.fd, { word: 'stack', text: cut(text) });
      log(`kindred: the event loop has been blocked for ${watch.blockedMs} ms by:\n${text}\n`);
    });
  }, lookEveryMs);

  let usage = process.cpuUsage();
  let calls = 0;
  let toldAt = performance.now();

  setInterval(() => {
    const now = performance.now();
    const tookMs = now - toldAt;
    toldAt = now;
    const used = process.cpuUsage(usage);
    usage = process.cpuUsage();
    const begun = Atomics.load(shared, cells.calls);
    say(words.fd, {
      word: 'load',
      // While it is blocked it cannot say so itself.
      lagMs: Math.max(Atomics.exchange(shared, cells.lagMs, 0), watch.blockedMs - beatMs, 0),
      // The counter begins anew at 2 ** 31.
      calls: rounded((((begun - calls) >>> 0) * 1000) / tookMs),
      cpu: rounded((used.user + used.system) / 1000 / tookMs),
    });
    calls = begun;
    // Whoever heard of it first may have died over it.
    if (watch.isHung) say(words.fd, { word: 'hung', blockedMs: watch.blockedMs });
  }, loadEveryMs);
}

function hold(fd: number): Socket {
  const { Socket } = process.getBuiltinModule('node:net');
  return new Socket({ fd, readable: false, writable: true });
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Written whole, or where there is no room, or nobody who would read it, not at all. */
function say(fd: number, word: Word): void {
  try {
    writeSync(fd, `${JSON.stringify(word)}\n`);
  } catch {
    // It is told of a load a moment later, and of the rest to nobody.
  }
}

/** Where people look for what a service did; who is the brain has heard of it by then. */
function log(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // It is closed, or full.
  }
}

/** So that the word is no longer than a word may be, however its characters are written. */
function cut(text: string): string {
  let kept = text.slice(0, maxWordBytes);
  while (Buffer.byteLength(JSON.stringify(kept)) > maxWordBytes - 100)
    kept = kept.slice(0, kept.length * 0.9);
  return kept;
}
