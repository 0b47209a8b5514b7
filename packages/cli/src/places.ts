/** Addresses that make no sense for a command that is a process of its own. */
import { channelVariable } from 'kindred/process';
import { UsageError } from './usage.ts';

/** Of a command that goes to an address. */
export function checkReachable(address: string): void {
  checkShared(address);
  if (/^stdio:/i.test(address))
    throw new UsageError('stdio: is where the results go: give the address of a service');
  // Without a channel of its own, the parent would be talked to over stdin and stdout.
  if (
    /^parent:/i.test(address) &&
    !/^(fd:|ipc)/.test(process.env[channelVariable] ?? '') &&
    process.send === undefined
  )
    throw new UsageError('parent: whoever started this command gave it no channel to talk over');
}

/** Of a command that opens an address. */
export function checkShared(address: string): void {
  if (/^memory:/i.test(address))
    throw new UsageError(
      `${address} reaches no further than this process: use local:${address.slice('memory:'.length) || 'NAME'}`,
    );
}
