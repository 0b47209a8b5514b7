/** The end of this process, for whoever has something to put away before it: one for the whole process. */
import { isMainThread } from 'node:worker_threads';
import { KindredError } from '../base/errors.ts';
import {
  Shutdown,
  type ShutdownHandler,
  type ShutdownHandlerOptions,
  type ShutdownSettings,
} from './shutdown.ts';

const key = Symbol.for('kindred.shutdown');
// A process ends once: one for all copies of the package in it.
const shared = globalThis as { [key]?: Shutdown };

export function ownShutdown(): Shutdown {
  shared[key] ??= new Shutdown();
  return shared[key];
}

/**
 * Registers what is to be done before this process ends: on SIGTERM, SIGINT and SIGHUP, over an uncaught exception or an
 * unhandled rejection (exit code 1), when nothing is left to do, when `main` of `run` has settled, and by `shutdown`. Not by
 * `process.exit`, which waits for nobody.
 *
 * Handlers run once, the last registered first, one after the other. When they are done the output is flushed, and the
 * process ends with `process.exitCode`, or 0; with 1 in its place where a handler failed. A second signal ends it at once,
 * and so does the deadline of 10 seconds, with 128 + the number of the signal.
 *
 * Returns the function that takes it back; with the last one the signals are Node's again. Throws `ERR_NOT_SUPPORTED` in a
 * worker thread, which hears no signals, and `ERR_BAD_ARGUMENT`.
 *
 * ```ts
 * onShutdown(() => server.close(), { name: 'server' });
 * ```
 */
export function onShutdown(handler: ShutdownHandler, options: ShutdownHandlerOptions = {}): () => void {
  return mainThread('onShutdown').register(handler, options);
}

/**
 * Ends this process in good order: as `onShutdown` tells, with this exit code, by default `process.exitCode` or 0. What is
 * returned never settles. Throws `ERR_NOT_SUPPORTED` in a worker thread.
 */
export function shutdown(exitCode?: number): Promise<never> {
  const own = mainThread('shutdown');
  if (exitCode !== undefined) process.exitCode = exitCode;
  return own.begin({ kind: 'end' });
}

/** Sets which signals begin a shutdown, its deadline, and how the output is flushed; what is not given stays as it is. Throws `ERR_BAD_ARGUMENT`. */
export function configureShutdown(settings: ShutdownSettings): void {
  mainThread('configureShutdown').configure(settings);
}

function mainThread(what: string): Shutdown {
  if (isMainThread) return ownShutdown();
  throw new KindredError(
    'ERR_NOT_SUPPORTED',
    `${what}: this is a worker thread, and only the main thread hears signals and ends the process: do it there`,
  );
}
