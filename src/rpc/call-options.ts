import { KindredError } from '../base/errors.ts';
import type { AckLevel, Meta } from '../wire/message.ts';

/** When a notification resolves. */
export type Delivery = 'written' | AckLevel;

/** How one call or notification is to be made. */
export interface CallOptions {
  /** Gives up when it fires, with `ERR_CANCELLED`. The function's own signal fires at the other end, where it is a call. */
  signal?: AbortSignal | undefined;
  /** Gives up after so many milliseconds, with `ERR_TIMEOUT`. A stream must have ended by then. Default, and where it is 0 or Infinity: never. */
  timeoutMs?: number | undefined;
  /** When a notification resolves. Default `written`. */
  delivery?: Delivery | undefined;
  /** `named`: the one argument is an object of named parameters. Default `positional`. */
  params?: 'positional' | 'named' | undefined;
  /** Moved instead of copied where the channel can (an `ArrayBuffer` to a thread). */
  transfer?: readonly object[] | undefined;
  /** Travels beside the arguments: trace context and the like. */
  meta?: Meta | undefined;
}

/** The options of one `with` after the other. */
export interface JoinedOptions extends Omit<CallOptions, 'signal'> {
  /** Each of them gives up. Listened to one by one: what `AbortSignal.any` makes would stay with a signal that lives long. */
  readonly signals: readonly AbortSignal[];
}

export const noOptions: JoinedOptions = { signals: [] };

export function join(before: JoinedOptions, more: CallOptions): JoinedOptions {
  const { signals } = before;
  const { signal } = more;
  return {
    signals: signal === undefined || signals.includes(signal) ? signals : [...signals, signal],
    timeoutMs: more.timeoutMs ?? before.timeoutMs,
    delivery: more.delivery ?? before.delivery,
    params: more.params ?? before.params,
    transfer: more.transfer ?? before.transfer,
    meta: more.meta ?? before.meta,
  };
}

const deliveries: readonly unknown[] = [undefined, 'written', 'received', 'handled'];

/** What is wrong with the options of a call, or with its arguments under them; undefined where nothing is. */
export function misuse(options: JoinedOptions, args: readonly unknown[]): KindredError | undefined {
  const { timeoutMs, delivery, params } = options;
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs >= 0))
    return wrong(`timeoutMs is a number of milliseconds, 0 or more, and not ${said(timeoutMs)}`);
  if (!deliveries.includes(delivery))
    return wrong(`delivery is written, received or handled, and not ${said(delivery)}`);
  if (params === 'named' && (args.length !== 1 || typeof args[0] !== 'object' || args[0] === null))
    return wrong('with named parameters a call takes one object');
  return undefined;
}

function wrong(message: string): KindredError {
  return new KindredError('ERR_BAD_ARGUMENT', message, { outcome: 'not-sent' });
}

function said(value: unknown): string {
  return typeof value === 'number' || typeof value === 'string' ? JSON.stringify(value) : `a ${typeof value}`;
}
