/**
 * npm run demo
 *
 * Serves math.ts once and calls it from every distance; then shows what else a call can do, what is known of a call that
 * failed, and a stack of services that stays up. Ends with 0 when every step held and nothing is left behind, else with 1, naming the step.
 */
import assert from 'node:assert/strict';
import { whatACallCanDo } from './abilities.ts';
import { everyDistance } from './distances.ts';
import { whatIsKnownOfAFailure } from './failures.ts';
import * as screen from './screen.ts';
import { createStage } from './stage.ts';
import { StepFailed, step } from './step.ts';
import { aStackThatStaysUp } from './upkeep.ts';

const stage = createStage();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stage.close().finally(() => process.exit(1)));

try {
  await everyDistance(stage);
  await whatACallCanDo(stage);
  await whatIsKnownOfAFailure(stage);
  await aStackThatStaysUp(stage);
  await step('close what was opened', () => stage.close());
  await step('leave nothing behind', async () => assert.deepEqual(await stage.lookAround(), []));
  const seconds = (performance.now() / 1000).toFixed(1);
  screen.closing(`Everything held, in ${seconds} s. No process, socket or file was left behind.`);
} catch (error) {
  process.exitCode = 1;
  await step('close what was opened', () => stage.close()).catch(() => {});
  screen.closing(`The demo failed at: ${error instanceof StepFailed ? error.message : String(error)}`);
}
