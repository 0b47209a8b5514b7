/** What a call can do beyond a question and an answer. */
import assert from 'node:assert/strict';
import { connect, KindredError, type Peer } from 'kindred';
import * as screen from './screen.ts';
import type { Served } from './served.ts';
import type { Stage } from './stage.ts';
import { step } from './step.ts';

export async function whatACallCanDo({ local }: Stage): Promise<void> {
  screen.title('What else a call can do', `This process has connected to ${local}, too.`);
  const table = screen.table(19, 56);
  const peer = await step(`connect to ${local}`, () => connect<Served>(local));

  const items = await step('a stream', async () => {
    const received: number[] = [];
    for await (const n of peer.call.countdown(10)) received.push(n);
    assert.deepEqual(received, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    return received;
  });
  table.row('a stream', `countdown(10) gave ${items.join(' ')}`);

  const seen = await step('a stream left early', async () => {
    let last = 0;
    for await (const n of peer.call.count(1)) {
      last = n;
      if (n === 3) break;
    }
    await stopped(peer);
    return last;
  });
  table.row('a stream left early', `count() never ends; break at ${seen} ran its finally block`);

  const code = await step('a cancel', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const failure = await failureOf(async () => {
      for await (const n of peer.with({ signal }).call.count(1)) if (n === 3) controller.abort();
    });
    assert.equal(failure.code, 'ERR_CANCELLED');
    await stopped(peer);
    return failure.code;
  });
  table.row('a cancel', `a signal ended it: ${code}; finally ran, too`);

  const told = await step('a timeout', async () => {
    const failure = await failureOf(() => peer.with({ timeoutMs: 50 }).call.ponder(() => {}));
    assert.equal(failure.code, 'ERR_TIMEOUT');
    return failure.message;
  });
  table.row('a timeout', 'ponder() takes an hour; 50 ms were given: ERR_TIMEOUT');
  screen.details(told);

  const { percents, primes } = await step('a function argument', async () => {
    const heard: number[] = [];
    const found = await peer.call.primesBelow(10_000, (percent) => heard.push(percent));
    assert.deepEqual(heard, [25, 50, 75, 100]);
    assert.equal(found, 1229);
    return { percents: heard, primes: found };
  });
  table.row('a function argument', `primesBelow(10000, say) said ${percents.join(' ')}; ${primes}`);
  await step(`close the connection to ${local}`, () => peer.close());
}

/** Resolves when no generator of `count` runs any more; the step's time is its deadline. */
async function stopped(peer: Peer<Served>): Promise<void> {
  while ((await peer.call.running()) > 0);
}

/** The typed error with which a call fails. */
export async function failureOf(call: () => Promise<unknown>): Promise<KindredError> {
  try {
    await call();
  } catch (error) {
    if (error instanceof KindredError) return error;
    throw error;
  }
  throw new Error('the call did not fail');
}
