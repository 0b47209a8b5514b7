/** What the demo offers its callers: the functions of math.ts, and one with which they report how it went. */
import * as math from './math.ts';

/** What a caller did, and how long a call took. */
export interface Report {
  name: string;
  pid: number;
  sum: number;
  items: number[];
  medianUs: number;
}

export type Served = typeof math & { report(result: Report): void };

export interface Service {
  service: Served;
  /** The report of the caller of that name, once it is there. */
  reportOf(name: string): Promise<Report>;
}

export function createService(): Service {
  const reports = new Map<string, PromiseWithResolvers<Report>>();
  const expect = (name: string): PromiseWithResolvers<Report> => {
    const awaited = reports.get(name) ?? Promise.withResolvers<Report>();
    reports.set(name, awaited);
    return awaited;
  };
  return {
    service: { ...math, report: (result) => expect(result.name).resolve(result) },
    reportOf: (name) => expect(name).promise,
  };
}
