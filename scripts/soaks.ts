// The soaks: what `npm test` shows once, shown many times. Each is bounded in count.

export interface Soak {
  shows: string;
  /** Test files, as words for scripts/test.ts; none: all of them. */
  files: readonly string[];
  /** How often they run, each time with another seed. */
  times: number;
  /** `KINDRED_SOAK` of the tests: by how much those that count calls multiply their counts. Default 1. */
  counts?: number;
}

export const soaks: Readonly<Record<string, Soak>> = {
  settle: {
    shows: 'every call settles, with the truth, wherever a wire is cut and whoever dies',
    files: ['test/stories/every-call-settles', 'test/stories/cut-anywhere', 'test/stories/delivery'],
    times: 20,
  },
  dialects: {
    shows: 'the property tests of dialects and values hold for 20 times the inputs',
    files: ['src/wire/'],
    times: 20,
  },
  leaks: {
    shows: 'nothing is left behind and memory stays flat over 20 times the calls',
    files: ['src/rpc/outbound', 'test/stories/bounded'],
    times: 1,
    counts: 20,
  },
  children: {
    shows: '1,000 children and 1 GB of output leave nothing behind, and memory stays flat',
    files: ['test/stories/child-faults'],
    times: 1,
    counts: 20,
  },
  handles: {
    shows:
      'no descriptor is left over 10,000 hand-overs, and no connection of 10,000 is lost while workers are killed',
    files: ['test/stories/hand-over', 'test/stories/handles-in-calls', 'test/stories/route'],
    times: 1,
    counts: 20,
  },
  fuzz: {
    shows: 'ten million inputs, to all that listens, do no harm',
    files: ['test/fuzz/'],
    times: 1,
    counts: 84,
  },
  restarts: {
    shows:
      'a server is restarted 200 times, and a line cut as often, under 64 calls outstanding: every call settles, none runs twice that may not',
    files: ['test/stories/reconnect'],
    times: 1,
    counts: 20,
  },
  resume: {
    shows:
      'nothing is lost, comes twice or out of order over 300 cuts of a connection while calls, streams and lent functions run',
    files: ['test/stories/resume'],
    times: 1,
    counts: 20,
  },
  logger: {
    shows:
      'the logger is killed 200 times under load: every line is there, or in a gap of one read at most that is counted',
    files: ['test/stories/logger.test'],
    times: 1,
    counts: 40,
  },
  stack: {
    shows:
      'a stack is reloaded 50 times and its brain killed 200 times under load: no request fails, no service is restarted, no line of a log is lost',
    files: ['test/stories/supervise.test', 'test/stories/brain-killed.test'],
    times: 1,
    counts: 50,
  },
  all: {
    shows: 'all tests pass, again and again',
    files: [],
    times: 20,
  },
};
