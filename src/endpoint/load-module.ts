/** A module as a service, for whoever waits until it is loaded. */
import { KindredError } from '../base/errors.ts';
import type { Service } from '../rpc/service.ts';

/** Rejects with `ERR_START_FAILED`, and all of the reason, where it cannot be loaded, or `then` rejects. */
export async function loadModule(url: string, then: () => Promise<void> = async () => {}): Promise<Service> {
  try {
    const service = (await import(url)) as Service;
    await then();
    return service;
  } catch (cause) {
    const told = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    throw new KindredError('ERR_START_FAILED', `${url} could not be loaded: ${told}`, {
      outcome: 'not-sent',
    });
  }
}
