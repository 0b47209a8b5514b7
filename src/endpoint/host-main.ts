/**
 * The program of a process or thread that hosts a module: loads it, and answers whoever started it. It ends with them.
 */
import { isMainThread, workerData } from 'node:worker_threads';
import { KindredError } from '../base/errors.ts';
import { createPeer } from '../rpc/channel-peer.ts';
import type { Service } from '../rpc/service.ts';
import { defaultLimits } from '../wire/limits.ts';
import { openChannel } from './channels.ts';
import { endsProcess } from './end-of-input.ts';
import { reach } from './reach.ts';
import { context, events, loopWatch } from './runtime.ts';

async function main(url: string): Promise<void> {
  const reached = await reach('parent:', 'calls', {});
  let service: Service = {};
  let refusal: KindredError | undefined;
  try {
    service = (await import(url)) as Service;
  } catch (cause) {
    const told = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    refusal = new KindredError('ERR_START_FAILED', `${url} could not be loaded: ${told}`);
  }
  const channel = openChannel(reached.transport, {
    mode: 'calls',
    role: 'chooses',
    kindred: true,
    dialect: undefined,
    limits: defaultLimits,
  });
  const peer = createPeer(channel, {
    service,
    refusal,
    limits: defaultLimits,
    withStack: true,
    context,
    events,
    watch: loopWatch,
  });
  endsProcess(peer.closed);
}

const url: unknown = isMainThread ? process.argv[2] : (workerData as { kindredHost?: unknown }).kindredHost;
void main(String(url));
