/** Whether a service that is ready still does what it is for: asked again and again. */
import { type Clock, systemClock } from '../../base/clock.ts';
import { pause } from '../../base/pause.ts';
import type { HealthSpec } from '../stack/stack.ts';
import { type Answer, addressOf, askCall, askCommand, askHttp, askTcp, type CommandAsking } from './probe.ts';

export interface HealthResult extends Answer {
  tookMs: number;
  /** Failures in a row, this one included. */
  failures: number;
  /** They are as many as the spec allows, or more. */
  isOver: boolean;
}

export interface HealthOptions {
  /** Ends the asking. Nothing is told after it. */
  signal: AbortSignal;
  onResult(result: HealthResult): void;
  clock?: Clock | undefined;
  /** Of a command. */
  cwd?: string | undefined;
  env?: NodeJS.ProcessEnv | undefined;
}

export const defaultHealth = { everyMs: 10_000, timeoutMs: 1000, failures: 3 } as const;

/** Asks at once, and then again so long after each time that it has asked; never twice at a time. Resolves after the signal. */
export async function watchHealth(spec: HealthSpec, options: HealthOptions): Promise<void> {
  const { signal, onResult, clock = systemClock } = options;
  const {
    everyMs = defaultHealth.everyMs,
    timeoutMs = defaultHealth.timeoutMs,
    failures: most = defaultHealth.failures,
  } = spec;
  const ask = askerOf(spec);
  let failures = 0;
  while (!signal.aborted) {
    const since = clock.now();
    const answer = await ask({ signal, timeoutMs, cwd: options.cwd, env: options.env });
    if (signal.aborted) return;
    const tookMs = clock.now() - since;
    failures = answer.ok ? 0 : failures + 1;
    onResult({ ...answer, tookMs, failures, isOver: failures >= most });
    if (!signal.aborted) await pause(Math.max(0, everyMs - tookMs), clock, signal);
  }
}

function askerOf(spec: HealthSpec): (asking: CommandAsking) => Promise<Answer> {
  if ('tcp' in spec) {
    const address = addressOf(spec.tcp);
    return (asking) => askTcp(address, asking);
  }
  if ('http' in spec) return (asking) => askHttp(spec.http, asking);
  if ('command' in spec) return (asking) => askCommand(spec.command, asking);
  return (asking) => askCall(spec.call, spec.at, asking);
}
