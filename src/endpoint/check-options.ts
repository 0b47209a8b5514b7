/** What is wrong in the options is refused before anything is opened. All throw `ERR_BAD_ARGUMENT`. */
import { KindredError } from '../base/errors.ts';
import type { AnswerRecordOptions } from '../rpc/answer-record.ts';
import type { Peer } from '../rpc/peer.ts';
import { isClass, type Method, methodsOf, type Service } from '../rpc/service.ts';
import { type DialectName, dialectNames } from '../wire/dialect.ts';
import { type CancelNotice, cancelNotices } from '../wire/json-rpc-message.ts';
import { defaultLimits, type Limits } from '../wire/limits.ts';

/** The limits of one end: what is not given, or undefined, keeps its default. */
export function limitsOf(given: Partial<Limits> = {}, otherwise: Limits = defaultLimits): Limits {
  const limits = { ...otherwise };
  for (const [name, value] of Object.entries(given) as [keyof Limits, unknown][]) {
    if (!Object.hasOwn(limits, name))
      throw wrong(`limits.${name} is no limit: there are ${Object.keys(limits).join(', ')}`);
    if (value === undefined) continue;
    const isOff = (name === 'heartbeatMs' || name === 'resumeMs') && value === 0;
    if (!isOff && !(typeof value === 'number' && Number.isFinite(value) && value > 0))
      throw wrong(`limits.${name} is ${shown(value)}: a limit is a finite number above 0`);
    limits[name] = value;
  }
  return limits;
}

export function checkDialect(dialect: DialectName | undefined): void {
  if (dialect !== undefined && !dialectNames.includes(dialect))
    throw wrong(`dialect is ${shown(dialect)}: there are ${dialectNames.join(', ')}`);
}

export function checkCancelAs(cancelAs: CancelNotice | undefined): void {
  if (cancelAs !== undefined && !Object.hasOwn(cancelNotices, cancelAs))
    throw wrong(`cancelAs is ${shown(cancelAs)}: there are ${Object.keys(cancelNotices).join(', ')}`);
}

/** The functions of a service; undefined where it is made for each peer. */
export function checkService(
  service: Service | ((peer: Peer<never>) => Service),
): ReadonlyMap<string, Method> | undefined {
  if (typeof service !== 'function') return methodsOf(service);
  if (isClass(service)) throw wrong(`a class is no service: give an instance, new ${service.name}()`);
  return undefined;
}

export function checkRecord(record: AnswerRecordOptions = {}): void {
  checkMs('record.keepMs', record.keepMs);
  for (const name of ['maxAnswers', 'maxBytes'] as const) {
    const value = record[name];
    if (value !== undefined && !(typeof value === 'number' && value >= 0))
      throw wrong(`record.${name} is ${shown(value)}: it takes a number, 0 or more`);
  }
}

/** Times in milliseconds. */
export function checkMs(name: string, value: number | undefined): void {
  if (value !== undefined && !(typeof value === 'number' && value >= 0))
    throw wrong(`${name} is ${shown(value)}: it takes milliseconds, 0 or more`);
}

/** A whole number that is not below `least`. */
export function checkWhole(name: string, value: number | undefined, least: number): void {
  if (value !== undefined && !(Number.isInteger(value) && value >= least))
    throw wrong(`${name} is ${shown(value)}: it takes a whole number, ${least} or more`);
}

/** What every check of an option throws. */
export function wrong(message: string): KindredError {
  return new KindredError('ERR_BAD_ARGUMENT', message, { outcome: 'not-sent' });
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
