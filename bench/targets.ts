/** What Kindred must reach, as data: each demand says from which figures it is computed, and its bound. */
import type { CaseName, Way } from './cases.ts';
import { cases } from './cases.ts';

/** A figure of one contender in one case. */
export interface Term {
  case: CaseName;
  contender: string;
  figure: string;
}

export interface Demand {
  of: Term;
  /** Beside what: `over` divides round by round, `minus` subtracts. Without either: the figure itself. */
  over?: Term;
  minus?: Term;
  atMost?: number;
  atLeast?: number;
  unit: string;
  /**
   * Where it is out of reach: what was reached instead, by way, with room for the spread of a noisy machine.
   * docs/performance.md says what was tried, and what stands in the way. A check tells each such target to be short, and
   * fails only below this.
   */
  reached?: Partial<Record<Way, number>>;
}

export interface Target {
  name: string;
  /** One of them has to be met. */
  demands: readonly [Demand, ...Demand[]];
  /** Measured so; each way has to meet it. */
  ways: readonly Way[];
}

type Bound = ({ atMost: number } | { atLeast: number }) & Pick<Demand, 'reached'>;

/** Contender against contender in one case. */
function ratio(
  name: string,
  case_: CaseName,
  figure: string,
  contender: string,
  against: string,
  bound: Bound,
  againstFigure: string = figure,
): Target {
  return {
    name,
    demands: [
      {
        of: { case: case_, contender, figure },
        over: { case: case_, contender: against, figure: againstFigure },
        ...bound,
        unit: `x ${against}`,
      },
    ],
    ways: cases[case_].ways,
  };
}

/** A figure that has a bound of its own. */
function bound(
  name: string,
  case_: CaseName,
  contender: string,
  figure: string,
  limit: Bound,
  unit: string,
): Target {
  return {
    name,
    demands: [{ of: { case: case_, contender, figure }, ...limit, unit }],
    ways: cases[case_].ways,
  };
}

const inFlight = (against: string, atLeast: number, pinned: number, free: number): Target =>
  ratio(`64 calls in flight, against ${against}`, 'calls-64', 'callsPerSecond', 'kindred', against, {
    atLeast,
    reached: { pinned, free },
  });

const stranger = (contender: string): Target =>
  ratio(contender.replaceAll('-', ' '), 'calls-64', 'callsPerSecond', contender, 'bare', {
    atLeast: 0.9,
    reached: { pinned: 0.6, free: 0.4 },
  });

/** What a MiB costs in a frame of 500 MB, beside one of 50 MB, which no cache holds either. Quadratic would be 10. */
const linear = (dialect: string): Target => ({
  name: `frames of 500 MB are linear, ${dialect}`,
  demands: [
    {
      of: { case: 'decode-500', contender: dialect, figure: 'msPerMiB' },
      over: { case: 'decode-50', contender: dialect, figure: 'msPerMiB' },
      atMost: 1.5,
      reached: { free: 3 },
      unit: 'x the same at 50 MB',
    },
  ],
  ways: ['free'],
});

export const targets: readonly Target[] = [
  ratio('one call at a time, p50', 'latency', 'p50Us', 'kindred', 'bare', {
    atMost: 1.1,
    reached: { pinned: 1.6, free: 2 },
  }),
  ratio('one call at a time, p99', 'latency', 'p99Us', 'kindred', 'bare', {
    atMost: 1.25,
    reached: { pinned: 2.5, free: 2.5 },
  }),
  inFlight('bare', 2, 1.1, 0.9),
  inFlight('capnweb', 7, 3.5, 2.5),
  inFlight('node-ipc', 7, 2.5, 2),
  inFlight('moleculer', 7, 3, 2.5),
  inFlight('vscode-jsonrpc', 12, 5, 4.5),
  inFlight('birpc-fork', 3.3, 1.6, 1.3),
  ratio('1024 calls in flight', 'calls-1024', 'callsPerSecond', 'kindred', 'bare', {
    atLeast: 2.5,
    reached: { pinned: 0.6, free: 0.7 },
  }),
  ratio('notifications', 'notifications', 'notesPerSecond', 'kindred', 'bare', {
    atLeast: 4,
    reached: { pinned: 0.3, free: 0.35 },
  }),
  ratio('processor time per call at 64 in flight', 'calls-64', 'cpuUs', 'kindred', 'bare', {
    atMost: 0.5,
    reached: { pinned: 1, free: 1 },
  }),
  ratio('child, 64 in flight', 'calls-64', 'callsPerSecond', 'kindred-child', 'fork', {
    atLeast: 2.3,
    reached: { pinned: 0.9, free: 0.7 },
  }),
  ratio('thread, 64 in flight', 'calls-64', 'callsPerSecond', 'kindred-thread', 'message-port', {
    atLeast: 1,
    reached: { pinned: 0.6, free: 0.3 },
  }),
  ratio('thread, 64 in flight, against comlink', 'calls-64', 'callsPerSecond', 'kindred-thread', 'comlink', {
    atLeast: 3,
    reached: { pinned: 2, free: 1.5 },
  }),
  stranger('kindred-to-stranger'),
  stranger('stranger-to-kindred'),
  ratio('1 MiB of bytes echoed', 'bytes-1m', 'MiBPerSecond', 'kindred', 'opaque', {
    atLeast: 0.8,
    reached: { pinned: 0.45, free: 0.45 },
  }),
  ratio('16 MiB of bytes echoed', 'bytes-16m', 'MiBPerSecond', 'kindred', 'opaque', {
    atLeast: 0.8,
    reached: { pinned: 0.5, free: 0.5 },
  }),
  ...(['memory-1m', 'memory-16m'] as const).flatMap((name) =>
    (['client', 'server'] as const).map((side) =>
      bound(
        `peak memory of ${name.slice(7, -1)} MiB, ${side}`,
        name,
        'kindred',
        `${side}PeakMessages`,
        { atMost: 3 },
        'messages',
      ),
    ),
  ),
  ratio('stream of 64 KiB chunks', 'stream-chunks', 'MiBPerSecond', 'kindred', 'pipe', {
    atLeast: 0.8,
    reached: { pinned: 0.35, free: 0.3 },
  }),
  ...(['client', 'server'] as const).map((side) =>
    bound(
      `slow reader, growth of the ${side}`,
      'stream-slow',
      'kindred',
      `${side}GrowthMiB`,
      { atMost: 32, reached: { free: 40 } },
      'MiB',
    ),
  ),
  {
    name: 'stream of small items',
    demands: [
      {
        of: { case: 'stream-items', contender: 'kindred', figure: 'itemsPerSecond' },
        atLeast: 1_000_000,
        unit: 'a second',
      },
      {
        of: { case: 'stream-items', contender: 'kindred', figure: 'itemsPerSecond' },
        over: { case: 'stream-items', contender: 'bare', figure: 'itemsPerSecond' },
        atLeast: 2,
        reached: { pinned: 0.4, free: 0.6 },
        unit: 'x bare notifications',
      },
    ],
    ways: ['pinned', 'free'],
  },
  ratio('objects of 1 KiB', 'objects-1k', 'callsPerSecond', 'kindred', 'bare', {
    atLeast: 1.2,
    reached: { pinned: 0.5, free: 0.35 },
  }),
  ratio('objects of 64 KiB', 'objects-64k', 'callsPerSecond', 'kindred', 'bare', {
    atLeast: 1.2,
    reached: { pinned: 0.5, free: 0.5 },
  }),
  ...(['connections-10', 'connections-100', 'connections-1000'] as const).map(
    (name): Target => ({
      name: `calls per processor second, ${name.slice(12)} connections`,
      demands: [
        {
          of: { case: name, contender: 'kindred', figure: 'callsPerCpuSecond' },
          over: { case: 'connections-1', contender: 'kindred', figure: 'callsPerCpuSecond' },
          atLeast: 0.8,
          reached: { pinned: 0.5, free: 0.5 },
          unit: 'x one connection',
        },
      ],
      ways: ['pinned', 'free'],
    }),
  ),
  {
    name: 'an idle connection, at the server',
    demands: [
      {
        of: { case: 'idle', contender: 'kindred', figure: 'serverKiBEach' },
        minus: { case: 'idle', contender: 'bare', figure: 'serverKiBEach' },
        atMost: 16,
        unit: 'KiB beyond a bare socket',
      },
    ],
    ways: ['free'],
  },
  ...['json-lines', 'json-headers', 'json-concat', 'binary', 'binary-bytes'].map(linear),
  {
    name: 'import of the library',
    demands: [
      {
        of: { case: 'import', contender: 'imports-kindred', figure: 'startMs' },
        minus: { case: 'import', contender: 'empty', figure: 'startMs' },
        atMost: 25,
        reached: { free: 45 },
        unit: 'ms beyond an empty program',
      },
    ],
    ways: ['free'],
  },
  ratio('from spawn to the first reply', 'first-reply', 'startMs', 'host', 'fork', {
    atMost: 1.15,
    reached: { free: 2.6 },
  }),
  bound(
    'a ping during a result of 100 MB',
    'fairness',
    'kindred',
    'pingMostMs',
    { atMost: 10, reached: { free: 20 } },
    'ms',
  ),
];
