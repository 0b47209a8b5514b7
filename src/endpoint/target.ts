/** Whom to talk to: an address, or what is there already. */
import type { ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import type { MessagePort, Worker } from 'node:worker_threads';
import type { Transport } from '../channel/transport.ts';
import { parseAddress } from '../transports/address.ts';
import { isTransportListener, type TransportListener } from './transport-listener.ts';

export type Target = string | ChildProcess | Worker | MessagePort | Duplex | Transport;

/** Whether it is a place where many can connect, not one channel that is there already. */
export function isListenable(target: Target | TransportListener): target is string | TransportListener {
  if (typeof target !== 'string') return isTransportListener(target);
  return !['stdio', 'parent'].includes(parseAddress(target).kind);
}

/** A transport of the user's own. */
export function isTransport(target: unknown): target is Transport {
  const { form, start } = (target ?? {}) as Partial<Transport>;
  return (form === 'bytes' || form === 'values') && typeof start === 'function';
}
