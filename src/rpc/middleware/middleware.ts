/**
 * What stands around calls: functions that see each one before it is sent, or before its function runs, and what it
 * answers.
 *
 * ```
 *   peer.call.add(1, 2) -> first -> second -> sent ... arrived -> first -> second -> add(1, 2)
 *                       <-       <-        <- ...           <-       <-        <-
 * ```
 * One type for both sides. Where there is none, nothing of this file runs.
 */
import type { Clock } from '../../base/clock.ts';
import { KindredError } from '../../base/errors.ts';
import type { JoinedOptions } from '../call-options.ts';
import type { Middleware, MiddlewareCall, Next, OtherEnd } from '../peer.ts';
import { Reply } from '../reply.ts';
import type { Scope } from '../scope.ts';
import type { Method } from '../service.ts';
import { isSource, iterate } from '../streams.ts';
import { checkMiddleware } from './check-middleware.ts';

/** What makes calls and notifications from here. */
export interface Calling {
  readonly peer: OtherEnd;
  call(method: string, args: readonly unknown[], options: JoinedOptions): unknown;
  notify(method: string, args: readonly unknown[], options: JoinedOptions): unknown;
}

/** Runs one function for a call from the other end. */
export type Around = (
  scope: Scope,
  method: Method,
  args: readonly unknown[],
  kind: MiddlewareCall['kind'],
) => Promise<unknown>;

/** Copies of a call have it, too, so the end of the chain knows what they are copies of. */
const origin = Symbol('kindred.call');

interface Made<Origin> extends MiddlewareCall {
  readonly [origin]: Origin;
}

interface Outgoing {
  options: JoinedOptions;
  first: MiddlewareCall | undefined;
}

interface Incoming {
  scope: Scope;
  method: Method;
  first: MiddlewareCall | undefined;
}

/** The same calls, through `middleware`. */
export function callingThrough(middleware: readonly Middleware[], calling: Calling): Calling {
  const chain = chained<Outgoing>(middleware, async (call, { options, first }) => {
    const outgoing = optionsOf(call, first, options);
    if (call.kind === 'call') return calling.call(call.method, call.args, outgoing);
    return calling.notify(call.method, call.args, outgoing);
  });
  const start = async (
    kind: MiddlewareCall['kind'],
    method: string,
    args: readonly unknown[],
    options: JoinedOptions,
  ): Promise<unknown> => {
    const over: (() => void)[] = [];
    const call = outgoingCall(calling.peer, { kind, method, args }, options, over);
    try {
      return await chain(call);
    } finally {
      for (const run of over) run();
    }
  };
  return {
    peer: calling.peer,
    call: (method, args, options) =>
      new Reply<unknown>((resolve, reject) => {
        start('call', method, args, options).then(resolve, reject);
      }),
    notify: (method, args, options) => start('notification', method, args, options).then(() => undefined),
  };
}

/** What runs the functions of a service through `middleware`; undefined where there is none. */
export function answeringThrough(
  middleware: readonly Middleware[] | undefined,
  clock: Clock,
): Around | undefined {
  if (middleware === undefined || middleware.length === 0) return undefined;
  const chain = chained<Incoming>(middleware, async (call, { scope, method, first }) => {
    const run = (): unknown => method.run.apply(method.owner, call.args as unknown[]);
    const { timeoutMs } = call;
    return call === first || timeoutMs === undefined ? run() : runWithin(timeoutMs, scope, clock, run);
  });
  return (scope, method, args, kind) => chain(incomingCall(scope, method, args, kind));
}

function chained<Origin>(
  middleware: readonly Middleware[],
  end: (call: MiddlewareCall, from: Origin) => Promise<unknown>,
): Next {
  checkMiddleware(middleware);
  const last: Next = async (call) => {
    const from = (call as Partial<Made<Origin>> | undefined)?.[origin];
    if (from !== undefined) return end(call, from);
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      'next() takes the call that was given, or a copy of it: next({ ...call, args })',
    );
  };
  return middleware.reduceRight((next, one) => one(next), last);
}

function outgoingCall(
  peer: OtherEnd,
  what: Pick<MiddlewareCall, 'kind' | 'method' | 'args'>,
  options: JoinedOptions,
  over: (() => void)[],
): MiddlewareCall {
  const { signals, timeoutMs, meta = {}, idempotent = false } = options;
  const from: Outgoing = { options, first: undefined };
  const call: Made<Outgoing> = {
    [origin]: from,
    direction: 'out',
    ...what,
    peer,
    meta,
    get signal() {
      return signals.length > 1 ? AbortSignal.any([...signals]) : signals[0];
    },
    timeoutMs: timeoutMs === 0 || timeoutMs === Number.POSITIVE_INFINITY ? undefined : timeoutMs,
    idempotent,
    onOver: (run) => void over.push(run),
  };
  from.first = call;
  return call;
}

/** Those of the caller, with what a copy of the call says otherwise. */
function optionsOf(
  call: MiddlewareCall,
  first: MiddlewareCall | undefined,
  options: JoinedOptions,
): JoinedOptions {
  if (call === first) return options;
  const { signal, timeoutMs, meta, idempotent } = call;
  if (timeoutMs !== undefined && timeoutMs <= 0)
    throw new KindredError('ERR_TIMEOUT', `${call.method}: no time is left for the call`, {
      outcome: 'not-sent',
    });
  const { signals } = options;
  const joined = signal === undefined || signals.includes(signal) ? signals : [...signals, signal];
  return { ...options, signals: joined, timeoutMs, meta, idempotent };
}

function incomingCall(
  scope: Scope,
  method: Method,
  args: readonly unknown[],
  kind: MiddlewareCall['kind'],
): MiddlewareCall {
  const from: Incoming = { scope, method, first: undefined };
  const call: Made<Incoming> = {
    [origin]: from,
    direction: 'in',
    kind,
    method: method.name,
    args,
    peer: scope.peer,
    meta: scope.meta,
    // Only who asks for a signal pays for one.
    get signal() {
      return scope.signal;
    },
    get timeoutMs() {
      return scope.remainingMs;
    },
    idempotent: false,
    onOver: (run) => scope.onOver(run),
  };
  from.first = call;
  return call;
}

/** Answers in time, whatever the function does; its signal fires. */
function runWithin(timeoutMs: number, scope: Scope, clock: Clock, run: () => unknown): Promise<unknown> {
  scope.shorten(timeoutMs);
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = clock.after(Math.max(0, timeoutMs), () => {
      late = true;
      const error = new KindredError(
        'ERR_TIMEOUT',
        `${scope.method}: not answered within ${Math.round(timeoutMs)} ms`,
      );
      scope.cancel(error);
      reject(error);
    });
    const settled = (value: unknown): void => {
      timer.cancel();
      // Nobody will read it.
      if (late && isSource(value)) void turnAway(value);
      resolve(value);
    };
    const failed = (error: unknown): void => {
      timer.cancel();
      reject(error);
    };
    (async () => run())().then(settled, failed);
  });
}

async function turnAway(source: Parameters<typeof iterate>[0]): Promise<void> {
  try {
    await iterate(source).return?.();
  } catch {
    // Nobody is left to hear what the source says about its end.
  }
}
