/** From a transport to a peer, with all that Node.js gives to it. */
import type { Transport } from '../channel/transport.ts';
import { NoPassage } from '../handles/no-passage.ts';
import { createPeer } from '../rpc/channel-peer.ts';
import type { OwnPeer, PeerOptions } from '../rpc/own-peer.ts';
import type { Limits } from '../wire/limits.ts';
import { type ChannelOptions, openChannel } from './channels.ts';
import { flushBeforeExit } from './flush-and-exit.ts';
import { leaveAtExit } from './leave-at-exit.ts';
import { context, events, loopWatch } from './runtime.ts';

export interface OpenPeerOptions
  extends Omit<ChannelOptions, 'mode' | 'dialect' | 'contract'>,
    Pick<
      PeerOptions,
      | 'service'
      | 'serviceMiddleware'
      | 'methods'
      | 'description'
      | 'remarks'
      | 'terms'
      | 'address'
      | 'identity'
      | 'timeoutMs'
      | 'params'
      | 'middleware'
      | 'withStack'
      | 'record'
      | 'successor'
    > {
  dialect?: ChannelOptions['dialect'];
  limits: Limits;
}

/** Where it throws the transport is closed. */
export function openPeer<Remote>(
  transport: Transport,
  { role, kindred, printer, dialect, cancelAs, ...options }: OpenPeerOptions,
): OwnPeer<Remote> {
  try {
    const { limits } = options;
    // Within one machine the kernel tells of every end that is gone, and one that is only busy is none of them.
    const heartbeatMs = transport.mayVanish ? limits.heartbeatMs : 0;
    const channel = openChannel(transport, {
      mode: 'calls',
      role,
      kindred,
      printer,
      dialect,
      cancelAs,
      limits,
      contract: () => options.description?.hash,
    });
    const handles = transport.handles ?? new NoPassage(options.address ?? transport.name);
    const hasArrived = transport.form === 'bytes' ? transport.hasArrived?.bind(transport) : undefined;
    const own = { heartbeatMs, hasArrived, context, events, handles, watch: loopWatch };
    const peer = createPeer<Remote>(channel, { ...options, ...own });
    flushBeforeExit(peer);
    if (transport.form === 'bytes' && transport.resumption !== undefined) leaveAtExit(channel);
    return peer;
  } catch (error) {
    transport.destroy();
    throw error;
  }
}
