/**
 * Where a running function finds out for whom it runs. `rpc` knows no runtime, so what carries the context from a
 * function to what it calls (`AsyncLocalStorage` on Node.js) comes in through a port; without one, nothing is inherited.
 */
import type { Scope } from './scope.ts';

export interface ContextPort {
  run<T>(scope: Scope, work: () => T): T;
  current(): Scope | undefined;
}

export const noContext: ContextPort = { run: (_scope, work) => work(), current: () => undefined };

/** Named events that nobody has to hear. `data` is made only where somebody listens. */
export interface EventsPort {
  publish(name: string, data: () => Record<string, unknown>): void;
}

export const noEvents: EventsPort = { publish: () => {} };
