/** One step of the demo: it holds in time, or everything ends with its name. */
import * as screen from './screen.ts';

/** No step takes nearly as long; one that hangs has failed. */
const stepMs = 30_000;

export class StepFailed extends Error {}

export async function step<T>(name: string, run: () => T | Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`it took more than ${stepMs / 1000} s`)), stepMs);
  try {
    return await Promise.race([run(), late]);
  } catch (cause) {
    screen.failed(name, cause);
    throw new StepFailed(name, { cause });
  } finally {
    clearTimeout(timer);
  }
}
