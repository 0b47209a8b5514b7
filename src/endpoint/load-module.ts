/** A module as a service, for whoever has started this process or thread, and waits until it is loaded. */
import { KindredError } from '../base/errors.ts';
import type { OwnPeer } from '../rpc/own-peer.ts';
import type { Service } from '../rpc/service.ts';
import { kinLimits } from '../wire/limits.ts';
import { openPeer } from './open-peer.ts';
import { reach } from './reach.ts';
import { remarksIn } from './remarks.ts';

/**
 * The channel is open while the module loads: whoever waits for it may go, and then nobody does. `beside` is answered
 * beside the functions of the module; `then` as below.
 */
export async function answerWithModule(
  url: string,
  beside: Service = {},
  then?: () => Promise<void>,
): Promise<OwnPeer<unknown>> {
  const { transport } = await reach('parent:', 'calls', {});
  return openPeer(transport, {
    role: 'chooses',
    kindred: true,
    service: loadModule(url, beside, then),
    remarks: remarksIn(url),
    limits: kinLimits,
    withStack: true,
  });
}

/** Rejects with `ERR_START_FAILED`, and all of the reason, where it cannot be loaded, or `then` rejects. */
async function loadModule(
  url: string,
  beside: Service,
  then: () => Promise<void> = async () => {},
): Promise<Service> {
  try {
    const service = (await import(url)) as Service;
    await then();
    return { ...service, ...beside };
  } catch (cause) {
    const told = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    throw new KindredError('ERR_START_FAILED', `${url} could not be loaded: ${told}`, {
      outcome: 'not-sent',
    });
  }
}
