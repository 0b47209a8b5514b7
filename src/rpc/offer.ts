/** What one peer is offered: a service as it is, promised, or made for this peer. */
import { KindredError } from '../base/errors.ts';
import type { Peer } from './peer.ts';
import { type Method, methodsOf, type Service } from './service.ts';

/** A service that is made for one peer, or promised, and cannot be had is the failure of this peer alone. */
export function methodsFor(
  service: Service | Promise<Service> | ((peer: Peer<unknown>) => Service),
  peer: Peer<unknown>,
): ReadonlyMap<string, Method> | Promise<ReadonlyMap<string, Method>> {
  if (service instanceof Promise) return service.then(methodsOf);
  if (typeof service !== 'function') return methodsOf(service);
  try {
    const made = (service as (peer: Peer<unknown>) => Service | Promise<Service>)(peer);
    return made instanceof Promise ? made.then(methodsOf) : methodsOf(made);
  } catch (error) {
    return Promise.reject(error);
  }
}

export function startFailed(cause: unknown): KindredError {
  if (cause instanceof KindredError && cause.code === 'ERR_START_FAILED') return cause;
  const told = cause instanceof Error ? cause.message : String(cause);
  return new KindredError('ERR_START_FAILED', `the service could not be made ready: ${told}`, {
    cause,
    outcome: 'not-sent',
  });
}
