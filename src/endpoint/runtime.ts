/**
 * What Node.js gives to the rooms that know nothing of it: context, events, text, the end of a turn. One of each for
 * the whole process (or thread), because that is what they are facts of.
 */
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { channel as diagnosticsChannel } from 'node:diagnostics_channel';
import { KindredError } from '../base/errors.ts';
import { createLoopWatch, type LoopWatch } from '../base/loop-watch.ts';
import type { ContextPort, EventsPort } from '../rpc/context.ts';
import type { CurrentCall, Scope } from '../rpc/scope.ts';

const contextKey = Symbol.for('kindred.context');
// One for all copies of the package in this process: a function may ask another copy than the one that calls it.
const shared = globalThis as { [contextKey]?: AsyncLocalStorage<Scope | undefined> };
shared[contextKey] ??= new AsyncLocalStorage<Scope | undefined>();
const storage = shared[contextKey];
/** Where no call is being answered. */
const root = new AsyncResource('kindred', { requireManualDestroy: true });

function enter<T>(scope: Scope, work: () => T): T {
  storage.enterWith(scope);
  return work();
}

/**
 * Whether each entry into the root restores a frame of its own, as Node.js does from 24 on. There `run` makes two frames,
 * each a copy of the one before, and to enter a new one from the empty frame costs a fifth (measured: 45 against 240 ns;
 * 150 by `AsyncLocalStorage.snapshot`); older versions keep the store on a resource that all entries share, where only
 * `run` (16 ns) keeps nested calls apart.
 */
const hasFrames = (() => {
  root.runInAsyncScope(enter, undefined, {} as Scope, () => {});
  return root.runInAsyncScope(() => storage.getStore()) === undefined;
})();

export const context: ContextPort = {
  run: hasFrames
    ? (scope, work) => root.runInAsyncScope(enter<ReturnType<typeof work>>, undefined, scope, work)
    : (scope, work) => storage.run(scope, work),
  current: () => storage.getStore(),
};

/** Runs `work` as part of a call, or of none, whatever is being answered now. */
export function within<T>(scope: Scope | undefined, work: () => T): T {
  return scope === undefined ? storage.run(undefined, work) : context.run(scope, work);
}

/** Events go out on `node:diagnostics_channel` under their own names. */
export const events: EventsPort = {
  publish(name, data) {
    const channel = diagnosticsChannel(name);
    if (channel.hasSubscribers) channel.publish(data());
  },
};

export const loopWatch: LoopWatch = createLoopWatch();

/** Runs after the callbacks and promises of this turn, so that all their messages leave in one write. */
export const defer = (run: () => void): void => process.nextTick(run);

/**
 * The call that is being answered, from anywhere inside the function that answers it: who calls, until when, and the
 * signal that says "stop". Throws `ERR_BAD_ARGUMENT` outside of a call.
 */
export function currentCall(): CurrentCall {
  const scope = storage.getStore();
  if (scope === undefined)
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      'currentCall() was used outside of a call that is being answered',
    );
  return scope;
}
