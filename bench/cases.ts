/** All cases: what each measures, with whom, and which figure stands for it in a table. */

import { echoed, memoryOfEcho } from './cases/bytes.ts';
import { inFlight, oneAtATime } from './cases/calls.ts';
import { busyConnections, idleConnections } from './cases/connections.ts';
import { decodedFrame } from './cases/decode.ts';
import { largeResult } from './cases/fairness.ts';
import type { Run } from './cases/lab.ts';
import { notifications } from './cases/notifications.ts';
import { build, firstReply, wholeProgram } from './cases/start.ts';
import { chunkStream, itemStream, slowReader } from './cases/streams.ts';
import type { Setting } from './contender.ts';
import { type ContenderName, contenders } from './contenders.ts';

/** Both sides on one processor, which shows what a call costs; or on all there are, which shows how sides overlap. */
export type Way = 'pinned' | 'free';

export interface Case {
  title: string;
  run: Run;
  /** Run once before the first round. */
  prepare?: () => Promise<void>;
  /** With whom, the baseline first. Names of `contenders`, except where a case has subjects of its own. */
  subjects: readonly string[];
  /** The figure that the table shows first. */
  figure: string;
  ways: readonly Way[];
  oneWay?: boolean;
  limits?: Setting['limits'];
  /** Left out of a quick look. */
  slow?: boolean;
  /** The subjects are not contenders: they are started by nobody but the case itself. */
  alone?: boolean;
}

const MiB = 1024 * 1024;
const bothWays: readonly Way[] = ['pinned', 'free'];
const free: readonly Way[] = ['free'];

const names = Object.keys(contenders) as ContenderName[];
const callers = names.filter((name) => contenders[name].cases.includes('calls'));
const notifiers = names.filter((name) => contenders[name].cases.includes('notifications'));
const pools = names.filter((name) => contenders[name].cases.includes('pools'));
/** For the curves: one of each kind, because every point of them takes its time. */
const shown = ['bare', 'bare-batched', 'fork', 'birpc-fork', 'kindred'];
/** Where the time of one call says more of Node.js than of who makes it: what Node.js brings, Kindred over each, and some peers. */
const kinds = [
  ...shown,
  ...['opaque', 'message-port', 'kindred-child', 'kindred-thread', 'kindred-tcp'],
  ...['comlink', 'capnweb', 'node-ipc', 'vscode-jsonrpc', 'moleculer', 'piscina', 'undici', 'grpc-js'],
];
const dialects = ['json-lines', 'json-headers', 'json-concat', 'binary', 'binary-bytes'];

function calls(count: number, subjects: readonly string[]): Case {
  const title = `${count} calls in flight, 64 bytes each`;
  return { title, run: inFlight(count), subjects, figure: 'callsPerSecond', ways: bothWays };
}

function objects(name: string, bytes: number, subjects: readonly string[]): Case {
  const title = `objects of ${name}, 64 in flight`;
  return { title, run: inFlight(64, bytes), subjects, figure: 'callsPerSecond', ways: bothWays };
}

function connections(count: number): Case {
  return {
    title: `${count} ${count === 1 ? 'connection' : 'connections'}, 16 calls in flight on each`,
    run: busyConnections(count, 16),
    subjects: ['bare', 'kindred'],
    figure: 'callsPerCpuSecond',
    ways: bothWays,
    limits: { maxConnections: count + 10, maxConnectionsPerAddress: count + 10 },
  };
}

function decoding(megabytes: number): Case {
  return {
    title: `a frame of ${megabytes} MB, decoded from chunks of 64 KiB`,
    run: decodedFrame(megabytes),
    subjects: dialects,
    figure: 'msPerMiB',
    ways: free,
    alone: true,
  };
}

export const cases = {
  latency: {
    title: 'one call at a time, 64 bytes',
    run: oneAtATime,
    subjects: kinds,
    figure: 'p50Us',
    ways: bothWays,
  },
  'calls-4': calls(4, shown),
  'calls-16': calls(16, shown),
  'calls-64': calls(64, callers),
  'calls-256': calls(256, shown),
  'calls-1024': calls(1024, kinds),
  'pool-1': {
    title: 'a pool of 2 workers, one call at a time, 64 bytes',
    run: oneAtATime,
    subjects: pools,
    figure: 'p50Us',
    ways: free,
  },
  'pool-64': {
    title: 'a pool of 2 workers, 64 calls under way, one in each worker, 64 bytes each',
    run: inFlight(64),
    subjects: pools,
    figure: 'callsPerSecond',
    ways: free,
  },
  notifications: {
    title: 'notifications, 64 bytes each',
    run: notifications,
    subjects: notifiers,
    figure: 'notesPerSecond',
    ways: bothWays,
    oneWay: true,
  },
  'objects-1k': objects('1 KiB', 1024, [...shown, 'message-port', 'fork-advanced', 'ws']),
  'objects-8k': objects('8 KiB', 8 * 1024, ['bare', 'kindred']),
  'objects-64k': objects('64 KiB', 64 * 1024, [...shown, 'message-port', 'fork-advanced', 'ws']),
  'bytes-1m': {
    title: '1 MiB of bytes, echoed',
    run: echoed(MiB),
    subjects: ['opaque', 'kindred', 'kindred-child'],
    figure: 'MiBPerSecond',
    ways: bothWays,
  },
  'bytes-16m': {
    title: '16 MiB of bytes, echoed',
    run: echoed(16 * MiB),
    subjects: ['opaque', 'kindred', 'kindred-child'],
    figure: 'MiBPerSecond',
    ways: bothWays,
  },
  'memory-1m': {
    slow: true,
    title: 'memory for one echo of 1 MiB, in messages',
    run: memoryOfEcho(MiB),
    subjects: ['opaque', 'kindred'],
    figure: 'clientPeakMessages',
    ways: free,
  },
  'memory-16m': {
    title: 'memory for one echo of 16 MiB, in messages',
    run: memoryOfEcho(16 * MiB),
    subjects: ['opaque', 'kindred'],
    figure: 'clientPeakMessages',
    ways: free,
  },
  'stream-chunks': {
    title: 'a stream of 64 KiB chunks, 1 GB',
    run: chunkStream(1e9),
    subjects: ['pipe', 'kindred', 'kindred-child'],
    figure: 'MiBPerSecond',
    ways: bothWays,
    oneWay: true,
  },
  'stream-slow': {
    slow: true,
    title: 'a stream of 64 KiB chunks to a slow reader',
    run: slowReader(256 * MiB),
    subjects: ['pipe', 'kindred'],
    figure: 'clientGrowthMiB',
    ways: free,
    oneWay: true,
  },
  'stream-items': {
    title: 'a stream of 1 M small items (by hand: notifications)',
    run: itemStream(1_000_000),
    subjects: ['bare', 'kindred', 'kindred-child', 'kindred-thread'],
    figure: 'itemsPerSecond',
    ways: bothWays,
    oneWay: true,
  },
  'connections-1': connections(1),
  'connections-10': { ...connections(10), slow: true },
  'connections-100': { ...connections(100), slow: true },
  'connections-1000': connections(1000),
  idle: {
    title: '10,000 idle connections',
    run: idleConnections(9900),
    subjects: ['bare', 'kindred'],
    figure: 'serverKiBEach',
    ways: free,
    limits: { maxConnections: 10_010, maxConnectionsPerAddress: 10_010 },
  },
  'decode-5': { ...decoding(5), slow: true },
  'decode-50': { ...decoding(50), slow: true },
  'decode-500': { ...decoding(500), slow: true },
  import: {
    title: 'a whole program: empty, and with the library imported',
    run: wholeProgram,
    prepare: build,
    subjects: ['empty', 'imports-kindred'],
    figure: 'startMs',
    ways: free,
    alone: true,
  },
  'first-reply': {
    title: 'from the start of a child to its first reply',
    run: firstReply,
    prepare: build,
    subjects: ['fork', 'host'],
    figure: 'startMs',
    ways: free,
    alone: true,
  },
  fairness: {
    title: 'a ping while a result of 100 MB is under way',
    run: largeResult(100e6),
    subjects: ['kindred'],
    figure: 'pingMostMs',
    ways: free,
    limits: { maxMessageBytes: 128 * MiB },
  },
} satisfies Record<string, Case>;

export type CaseName = keyof typeof cases;

export function caseOf(name: string): Case {
  const found = (cases as Record<string, Case>)[name];
  if (found === undefined)
    throw new Error(`there is no case '${name}'; there are: ${Object.keys(cases).join(', ')}`);
  return found;
}
