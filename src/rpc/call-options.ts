/** The options of a call, joined and checked. */
import { KindredError } from '../base/errors.ts';
import { checkMiddleware } from './middleware/check-middleware.ts';
import type { CallOptions } from './peer.ts';

/** The options of one `with` after the other. */
export interface JoinedOptions extends Omit<CallOptions, 'signal'> {
  /** Each of them gives up. Listened to one by one: what `AbortSignal.any` makes would stay with a signal that lives long. */
  readonly signals: readonly AbortSignal[];
}

export const noOptions: JoinedOptions = { signals: [] };

export function join(before: JoinedOptions, more: CallOptions): JoinedOptions {
  const { signals } = before;
  const { signal, middleware } = more;
  if (middleware !== undefined) checkMiddleware(middleware);
  return {
    signals: signal === undefined || signals.includes(signal) ? signals : [...signals, signal],
    timeoutMs: more.timeoutMs ?? before.timeoutMs,
    delivery: more.delivery ?? before.delivery,
    params: more.params ?? before.params,
    transfer: more.transfer ?? before.transfer,
    meta: more.meta ?? before.meta,
    idempotent: more.idempotent ?? before.idempotent,
    middleware: middleware === undefined ? before.middleware : [...(before.middleware ?? []), ...middleware],
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
  const isNamed = args.length === 1 && typeof args[0] === 'object' && args[0] !== null;
  if (params === 'named' && args.length > 0 && !isNamed)
    return wrong('with named parameters a call takes one object, or nothing');
  return undefined;
}

function wrong(message: string): KindredError {
  return new KindredError('ERR_BAD_ARGUMENT', message, { outcome: 'not-sent' });
}

function said(value: unknown): string {
  return typeof value === 'number' || typeof value === 'string' ? JSON.stringify(value) : `a ${typeof value}`;
}
