/** How a pool fares, counted since its start. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** How long something took, in milliseconds; all 0 where nothing was measured. */
export interface Durations {
  meanMs: number;
  p50Ms: number;
  p90Ms: number;
  p99Ms: number;
  maxMs: number;
}

export class PoolStats {
  succeeded = 0;
  failed = 0;
  /** Workers that came in the place of others. */
  replaced = 0;
  /** Calls that went to another worker, because theirs had died. */
  repeated = 0;
  /** Of all calls. */
  busyMs = 0;
  /** Of the workers that are gone. */
  livedMs = 0;
  readonly #waits: RecordableHistogram = createHistogram();
  readonly #runs: RecordableHistogram = createHistogram();

  waited(ms: number): void {
    this.#waits.record(microseconds(ms));
  }

  ran(succeeded: boolean, ms: number): void {
    if (succeeded) this.succeeded++;
    else this.failed++;
    this.busyMs += ms;
    this.#runs.record(microseconds(ms));
  }

  /** A call ran for so long, and has to run again. */
  interrupted(ms: number): void {
    this.repeated++;
    this.busyMs += ms;
  }

  /** From 0 to 1; `aliveMs` is of the workers that are up. */
  utilization(aliveMs: number, callsPerWorker: number): number {
    const placesMs = (this.livedMs + aliveMs) * callsPerWorker;
    return placesMs <= 0 ? 0 : Math.min(1, this.busyMs / placesMs);
  }

  get wait(): Durations {
    return durationsOf(this.#waits);
  }

  get run(): Durations {
    return durationsOf(this.#runs);
  }
}

/** A histogram takes whole numbers from 1 on. */
function microseconds(ms: number): number {
  return Math.max(1, Math.round(ms * 1000));
}

function durationsOf(histogram: RecordableHistogram): Durations {
  if (histogram.count === 0) return { meanMs: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, maxMs: 0 };
  const at = (percentile: number): number => histogram.percentile(percentile) / 1000;
  return {
    meanMs: histogram.mean / 1000,
    p50Ms: at(50),
    p90Ms: at(90),
    p99Ms: at(99),
    maxMs: histogram.max / 1000,
  };
}
