/**
 * The program of a process or thread that hosts a module: loads it, and answers whoever started it. It ends with them.
 */
import { isMainThread, workerData } from 'node:worker_threads';
import { KindredError } from '../base/errors.ts';
import { createPeer } from '../rpc/channel-peer.ts';
import type { Service } from '../rpc/service.ts';
import { kinLimits } from '../wire/limits.ts';
import { openChannel } from './channels.ts';
import { endsProcess } from './end-of-input.ts';
import { reach } from './reach.ts';
import { context, events, loopWatch } from './runtime.ts';

async function main(url: string): Promise<void> {
  const reached = await reach('parent:', 'calls', {});
  // The channel is open while the module loads: whoever waits for it may go, and then nobody does.
  const service = import(url).catch((cause: unknown) => {
    const told = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    throw new KindredError('ERR_START_FAILED', `${url} could not be loaded: ${told}`);
  }) as Promise<Service>;
  const channel = openChannel(reached.transport, {
    mode: 'calls',
    role: 'chooses',
    kindred: true,
    dialect: undefined,
    limits: kinLimits,
  });
  const peer = createPeer(channel, {
    service,
    limits: kinLimits,
    withStack: true,
    context,
    events,
    watch: loopWatch,
  });
  endsProcess(peer.closed);
}

const url: unknown = isMainThread ? process.argv[2] : (workerData as { kindredHost?: unknown }).kindredHost;
void main(String(url));
