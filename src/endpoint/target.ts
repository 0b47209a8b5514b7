/** Whom to talk to: an address, or what is there already. */
import type { ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import type { MessagePort, Worker } from 'node:worker_threads';
import { parseAddress } from '../transports/address.ts';

export type Target = string | ChildProcess | Worker | MessagePort | Duplex;

/** Whether an address names a place where many can connect, not one channel that is there already. */
export function isListenable(target: Target): target is string {
  return typeof target === 'string' && !['stdio', 'parent'].includes(parseAddress(target).kind);
}
