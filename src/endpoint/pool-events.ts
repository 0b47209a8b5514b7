/** What a pool tells of its workers: events that nobody has to hear. */
import type { KindredError } from '../base/errors.ts';
import type { Exit } from '../process/outcome.ts';
import type { PoolWorker } from './pool-worker.ts';
import { events } from './runtime.ts';

export function tellUp(url: string, { hosted: { pid }, number }: PoolWorker): void {
  events.publish('kindred:worker.up', () => ({ url, pid, number }));
}

export function tellDown(
  url: string,
  { hosted: { pid }, number, failure: error }: PoolWorker,
  why: string,
  exit: Exit,
): void {
  events.publish('kindred:worker.down', () => ({ url, pid, number, why, exit, error }));
}

export function tellFailed(url: string, error: KindredError): void {
  events.publish('kindred:worker.failed', () => ({ url, error }));
}
