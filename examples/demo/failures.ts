/** A call always settles, and its error says what became of it. */
import assert from 'node:assert/strict';
import { type ErrorCode, host, type KindredError, type Outcome } from 'kindred';
import { failureOf } from './abilities.ts';
import type * as math from './math.ts';
import * as screen from './screen.ts';
import type { Stage } from './stage.ts';
import { step } from './step.ts';

export async function whatIsKnownOfAFailure(stage: Stage): Promise<void> {
  screen.title(
    'What is known of a failure',
    'math.ts runs in a child process now, and the child is killed while it answers.',
  );
  const table = screen.table(34, 15, 22);
  table.head('what happened', 'error.code', 'error.outcome');
  const show = (what: string, failure: KindredError, code: ErrorCode, outcome: Outcome): void => {
    assert.deepEqual({ code: failure.code, outcome: failure.outcome }, { code, outcome });
    table.row(what, failure.code, String(failure.outcome));
    screen.details(failure.message);
  };

  const child = await step('host math.ts in a child process', async () => {
    const home = await host<typeof math>(new URL('./math.ts', import.meta.url));
    stage.started({ pid: home.pid, stop: () => home.close() });
    return home;
  });

  await step('a function that throws', async () => {
    const failure = await failureOf(() => child.call.divide(1, 0));
    assert.ok(failure.cause instanceof RangeError, 'the cause is what was thrown');
    show('the function threw a RangeError', failure, 'ERR_REMOTE', 'executed');
  });
  await step('kill -9 in the middle of a call', async () => {
    const begun = Promise.withResolvers<void>();
    const failure = failureOf(() => child.call.ponder(() => begun.resolve()));
    await begun.promise;
    assert.ok(child.pid !== undefined);
    process.kill(child.pid, 'SIGKILL');
    show(`kill -9 ${child.pid}, in mid-call`, await failure, 'ERR_PEER_GONE', 'unknown');
    assert.equal((await child.exited).signal, 'SIGKILL');
  });
  await step('a call after the child is gone', async () => {
    show('the next call', await failureOf(() => child.call.add(1, 2)), 'ERR_PEER_GONE', 'not-sent');
  });
}
