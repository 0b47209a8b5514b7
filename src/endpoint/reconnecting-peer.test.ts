import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, it } from 'node:test';
import { KindredError } from '../base/errors.ts';
import { createLoopWatch } from '../base/loop-watch.ts';
import { AnswerRecord } from '../rpc/answer-record.ts';
import { noOptions } from '../rpc/call-options.ts';
import type { OwnPeer } from '../rpc/own-peer.ts';
import type { Peer } from '../rpc/peer.ts';
import { createTestClock, type TestClock } from '../testkit/clock.ts';
import { createPair, type Pair, type PairOptions } from '../testkit/pair.ts';
import { ReconnectingPeer, type ReconnectingPeerOptions } from './reconnecting-peer.ts';

/** Lets promises and the turns of memory channels settle. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const notThere = (): KindredError =>
  new KindredError('ERR_NOT_REACHABLE', 'nobody listens there', { outcome: 'not-sent' });

const wasCut = { kind: 'lost', error: new KindredError('ERR_PEER_GONE', 'the line was cut') } as const;

interface Stage {
  peer: ReconnectingPeer & Peer;
  clock: TestClock;
  /** When it was dialled, on the clock. */
  dials: number[];
  /** What the function `note` was called with. */
  noted: unknown[];
  /** The present connection. */
  line(): Pair<unknown>;
  /** The next connection ends as soon as it is there. */
  ends: boolean;
  /** Why nobody can be reached; undefined where somebody can. */
  refusal: KindredError | undefined;
  cut(): Promise<void>;
  /** Long enough for one more try. */
  wait(ms?: number): Promise<void>;
}

/** A peer whose server lives in memory; tries come as late as they may. */
async function open(
  given: Partial<ReconnectingPeerOptions> = {},
  over: PairOptions['over'] = 'binary',
): Promise<Stage> {
  const clock = createTestClock();
  const watch = createLoopWatch(clock);
  const record = new AnswerRecord({}, clock);
  let line: Pair<unknown>;
  const { promise: never } = Promise.withResolvers<void>();
  const gates = new Map<string, () => void>();
  const service = {
    note: (what: unknown) => void stage.noted.push(what),
    hang: (what: unknown) => {
      stage.noted.push(what);
      return never;
    },
    held: async (name: string) => {
      stage.noted.push(name);
      await new Promise<void>((resolve) => gates.set(name, resolve));
      return `${name} is done`;
    },
    letGo: (name: string) => gates.get(name)?.(),
    with: async (f: () => unknown) => {
      await f();
      return never;
    },
  };
  const stage: Stage = {
    clock,
    dials: [],
    noted: [],
    refusal: undefined,
    ends: false,
    line: () => line,
    async cut() {
      line.channels.client.destroy(wasCut);
      line.channels.server.destroy(wasCut);
      await settle();
    },
    async wait(ms = 100) {
      await settle();
      await clock.advance(ms);
      await settle();
    },
    peer: new ReconnectingPeer({
      clock,
      watch,
      random: () => 1,
      firstMs: 100,
      maxMs: 1000,
      maxWaiting: 100,
      giveUpAfterMs: Number.POSITIVE_INFINITY,
      idempotent: new Set(),
      address: 'the server',
      options: noOptions,
      handshakeMs: 5000,
      async open(successor) {
        stage.dials.push(clock.now());
        if (stage.refusal !== undefined) throw stage.refusal;
        line = createPair(service, {
          over,
          client: { successor, clock, watch },
          server: { record },
        });
        if (stage.ends) line.channels.server.destroy(wasCut);
        stage.ends = false;
        return line.client as OwnPeer;
      },
      ...given,
    }) as Stage['peer'],
  };
  await stage.peer.start({ signal: undefined });
  if (over === 'binary') await stage.peer.ping();
  return stage;
}

const gone = { code: 'ERR_PEER_GONE' };

/** What the peer of a stage tells by events while `work` runs: the last part of their names, and what they carry. */
async function toldBy({ peer }: Stage, work: () => Promise<void>): Promise<unknown[]> {
  const told: unknown[] = [];
  const ears = ['lost', 'retry', 'reconnected', 'gone'].map((name) => {
    const hear = (message: unknown): void => {
      const { peer: whose, error, ...facts } = message as { peer: unknown; error?: KindredError };
      if (whose === peer) told.push([name, error === undefined ? facts : { code: error.code, ...facts }]);
    };
    return { name: `kindred:peer.${name}`, hear };
  });
  for (const { name, hear } of ears) subscribe(name, hear);
  try {
    await work();
  } finally {
    for (const { name, hear } of ears) unsubscribe(name, hear);
  }
  return told;
}

describe('a peer that reconnects', () => {
  it('tries again at once, then after pauses that double up to a bound', async () => {
    const stage = await open();
    await stage.cut();
    stage.refusal = notThere();
    assert.equal(stage.peer.state, 'reconnecting');
    await stage.wait(5000);
    assert.deepEqual(stage.dials, [0, 100, 300, 700, 1500, 2500, 3500, 4500]);
    stage.refusal = undefined;
    await stage.wait(1000);
    assert.equal(stage.peer.state, 'open');
    await stage.peer.call.note('back');
    // What was of use counts no failures.
    await stage.cut();
    await stage.wait(100);
    assert.equal(stage.peer.state, 'open');
    await stage.peer.close();
  });

  it('doubles the pauses to a plain peer that hangs up at once, whatever it says', async () => {
    const stage = await open({}, 'json-lines');
    for (const ms of [200, 400, 800]) {
      await stage.peer.call.note('said');
      await stage.cut();
      await stage.wait(ms);
    }
    assert.deepEqual(stage.dials, [0, 200, 600, 1400]);
    await stage.wait(1000);
    await stage.cut();
    await stage.wait(100);
    assert.deepEqual(stage.dials.length, 5, 'one that has lasted is worth a try soon');
    await stage.peer.close();
  });

  it('waits a random part of the pause', async () => {
    const parts = [0.5, 0, 0.25];
    const stage = await open({ random: () => parts.shift() ?? 1 });
    await stage.cut();
    stage.refusal = notThere();
    await stage.wait(150);
    assert.deepEqual(stage.dials, [0, 50, 50, 150]);
    await stage.peer.close();
  });

  it('sends what was made while there was no connection, in its order', async () => {
    const stage = await open();
    await stage.cut();
    const { call, notify } = stage.peer;
    const made = [call.note(1), notify.note(2), call.note(3), notify.note(4)];
    assert.equal(stage.peer.load.waiting, 4);
    await stage.wait();
    await Promise.all(made);
    assert.deepEqual(stage.noted, [1, 2, 3, 4]);
    await stage.peer.close();
  });

  it('sends what was not sent when the connection was lost, before what came later', async () => {
    const stage = await open();
    const { call, notify } = stage.peer;
    const made = [call.note(1), notify.note(2), call.note(3)];
    // In the turn in which they were made nothing has left yet.
    stage.line().channels.client.destroy(wasCut);
    made.push(call.note(4), notify.note(5));
    await stage.wait();
    await Promise.all(made);
    assert.deepEqual(stage.noted, [1, 2, 3, 4, 5]);
    await stage.peer.close();
  });

  it('tells at once of a call that may have run', async () => {
    const stage = await open();
    const call = assert.rejects(stage.peer.call.hang('once'), { ...gone, outcome: 'unknown' });
    await settle();
    await stage.cut();
    await call;
    await stage.wait();
    assert.deepEqual([stage.peer.state, stage.noted], ['open', ['once']]);
    await stage.peer.close();
  });

  it('repeats one that may run twice, and it runs once', async () => {
    const stage = await open({ idempotent: new Set(['held']) });
    const byName = stage.peer.call.held('a');
    const byCall = stage.peer.with({ idempotent: true }).call.held('b');
    await settle();
    await stage.cut();
    await stage.wait();
    await stage.peer.call.letGo('a');
    await stage.peer.call.letGo('b');
    assert.deepEqual(await Promise.all([byName, byCall]), ['a is done', 'b is done']);
    assert.deepEqual(stage.noted, ['a', 'b']);
    await stage.peer.close();
  });

  it('gives the answer that was made while there was no connection', async () => {
    const stage = await open();
    const call = stage.peer.with({ idempotent: true }).call.held('a');
    await settle();
    const { server } = stage.line();
    await stage.cut();
    assert.equal(server.load.running, 1);
    const other = await open();
    await other.peer.close();
    stage.peer.call.letGo('a').catch(() => {});
    await stage.wait();
    assert.equal(await call, 'a is done');
    assert.deepEqual(stage.noted, ['a']);
    await stage.peer.close();
  });

  it('never repeats a call that has lent a function', async () => {
    const stage = await open();
    let asked = 0;
    const call = stage.peer.with({ idempotent: true }).call.with(() => void asked++);
    const told = assert.rejects(call, { ...gone, outcome: 'unknown' });
    await settle();
    await stage.cut();
    await told;
    await stage.wait();
    assert.equal(asked, 1);
    await stage.peer.close();
  });

  it('keeps the bounds of what waits: its signal, its time, the number of all', async () => {
    const stage = await open({ maxWaiting: 3 });
    await stage.cut();
    stage.refusal = notThere();
    const controller = new AbortController();
    const { peer } = stage;
    const signalled = assert.rejects(peer.with({ signal: controller.signal }).call.note(1), {
      code: 'ERR_CANCELLED',
      outcome: 'not-sent',
    });
    const late = assert.rejects(peer.with({ timeoutMs: 500 }).call.note(2), {
      code: 'ERR_TIMEOUT',
      outcome: 'not-sent',
      message: /no connection.*nobody listens there/,
    });
    const third = peer.call.note(3);
    await assert.rejects(peer.call.note(4), { code: 'ERR_BUSY', outcome: 'not-sent', message: /maxWaiting/ });
    await assert.rejects(peer.notify.note(4), { code: 'ERR_BUSY' });
    controller.abort();
    await signalled;
    await stage.wait(600);
    await late;
    assert.equal(peer.load.waiting, 1);
    stage.refusal = undefined;
    await stage.wait(1000);
    await third;
    assert.deepEqual(stage.noted, [3]);
    await peer.close();
  });

  it('says that a repeat may have run, where it is given up while it waits', async () => {
    const stage = await open();
    const controller = new AbortController();
    const call = stage.peer.with({ idempotent: true, signal: controller.signal }).call.hang(1);
    const told = assert.rejects(call, { code: 'ERR_CANCELLED', outcome: 'unknown' });
    await settle();
    await stage.cut();
    controller.abort();
    await told;
    await stage.peer.close();
  });

  it('gives up after its time, and tells what waits', async () => {
    const stage = await open({ giveUpAfterMs: 1000 });
    await stage.cut();
    stage.refusal = notThere();
    const told = assert.rejects(stage.peer.call.note(1), { ...gone, outcome: 'not-sent' });
    await stage.wait(1000);
    await told;
    assert.equal(stage.peer.state, 'closed');
    const { kind, error } = await stage.peer.closed;
    assert.equal(kind, 'lost');
    assert.match(error?.message ?? '', /the server: no connection for 1000 ms.*nobody listens there/);
    await assert.rejects(stage.peer.call.note(2), { ...gone, outcome: 'not-sent' });
  });

  it('tells by events of a loss, of each try, of the next connection, and of the end', async () => {
    const stage = await open();
    const told = await toldBy(stage, async () => {
      await stage.cut();
      stage.refusal = notThere();
      await stage.wait(300);
      stage.refusal = undefined;
      await stage.wait(400);
    });
    assert.deepEqual(told, [
      ['lost', gone],
      ['retry', { code: 'ERR_NOT_REACHABLE', waitMs: 200 }],
      ['retry', { code: 'ERR_NOT_REACHABLE', waitMs: 400 }],
      ['reconnected', { outageMs: 700, attempts: 3 }],
    ]);
    const end = await toldBy(stage, async () => {
      await stage.cut();
      stage.refusal = new KindredError('ERR_NOT_PERMITTED', 'no right to it');
      await stage.wait(2000);
    });
    assert.deepEqual(end, [
      ['lost', gone],
      ['gone', gone],
    ]);
  });

  it('is closed where trying again is senseless', async () => {
    const stage = await open();
    await stage.cut();
    stage.refusal = new KindredError('ERR_NOT_REACHABLE', 'its certificate is not trusted', {
      retryable: false,
    });
    const told = assert.rejects(stage.peer.call.note(1), {
      ...gone,
      outcome: 'not-sent',
      message: /certificate/,
    });
    await stage.wait();
    await told;
    assert.equal((await stage.peer.closed).error, stage.refusal);
    assert.equal(stage.dials.length, 2);
  });

  it('ends all waits when it is closed, and tries no more', async () => {
    const stage = await open();
    await stage.cut();
    stage.refusal = notThere();
    const told = assert.rejects(stage.peer.call.note(1), { code: 'ERR_CLOSED', outcome: 'not-sent' });
    await stage.peer.close();
    await told;
    assert.equal((await stage.peer.closed).kind, 'closed');
    await stage.wait(10_000);
    assert.equal(stage.dials.length, 1);
  });

  it('takes another connection as soon as the other end drains, and hears the old one out', async () => {
    const stage = await open();
    const running = stage.peer.call.held('a');
    await settle();
    const { server } = stage.line();
    const drained = server.drain();
    await settle();
    assert.equal(stage.peer.state, 'reconnecting');
    const next = stage.peer.call.note('b');
    await stage.wait();
    await next;
    assert.equal(stage.peer.state, 'open');
    await stage.peer.call.letGo('a');
    assert.equal(await running, 'a is done');
    await drained;
    assert.deepEqual(stage.noted, ['a', 'b']);
    await stage.peer.close();
  });

  it('drains what waits before it closes', async () => {
    const stage = await open();
    await stage.cut();
    const call = stage.peer.call.note(1);
    const drained = stage.peer.drain();
    assert.equal(stage.peer.state, 'draining');
    await stage.wait();
    await Promise.all([call, drained]);
    assert.deepEqual([stage.peer.state, stage.noted], ['closed', [1]]);
  });

  it('closes in the midst of waits where a drain takes too long', async () => {
    const stage = await open();
    await stage.cut();
    stage.refusal = notThere();
    const told = assert.rejects(stage.peer.call.note(1), { code: 'ERR_CLOSED', outcome: 'not-sent' });
    await stage.peer.drain({ signal: AbortSignal.abort() });
    await told;
  });

  it('gives nothing to a connection that ends before it has answered', async () => {
    const stage = await open();
    await stage.cut();
    const call = stage.peer.call.note(1);
    stage.ends = true;
    await stage.wait(100);
    assert.equal(stage.peer.state, 'reconnecting');
    await stage.wait(200);
    await call;
    assert.deepEqual([stage.noted, stage.dials], [[1], [0, 100, 300]]);
    await stage.peer.close();
  });
});
