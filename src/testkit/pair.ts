/** Two peers joined in memory: what a test of calls needs, and nothing of an operating system. */
import type { Channel } from '../channel/channel.ts';
import { createFramedChannel, type DialectChoice } from '../channel/framed.ts';
import { createMemoryBytePair, createMemoryPair, type MemoryOptions } from '../channel/memory.ts';
import type { ByteTransport } from '../channel/transport.ts';
import { createValuesChannel } from '../channel/values.ts';
import { createPeer, helloOf } from '../rpc/channel-peer.ts';
import type { PeerOptions } from '../rpc/own-peer.ts';
import type { Peer } from '../rpc/peer.ts';
import { defaultLimits } from '../wire/limits.ts';
import { webText } from '../wire/text.ts';

export interface PairOptions extends MemoryOptions {
  /** `values`: messages are handed over as clones. A dialect: they become bytes. `greet` (default): the ends agree. */
  over?: 'values' | 'greet' | 'binary' | 'json-lines' | 'json-headers';
  /** Bytes per chunk, where there are bytes. Default: as they were written. */
  cutAt?: number;
  /** What carries the bytes, instead of memory: the end of `client`, and that of `server`. */
  transports?: readonly [ByteTransport, ByteTransport];
  /** Of the end that calls (`client`) and of the one that serves. */
  client?: PeerOptions;
  server?: PeerOptions;
}

export interface Pair<Remote> {
  client: Peer<Remote>;
  server: Peer<unknown>;
  channels: { client: Channel; server: Channel };
}

/** Joins two peers; `server` offers the service. */
export function createPair<Service extends object>(
  service: Service,
  options: PairOptions = {},
): Pair<Service> {
  const { over = 'greet', client: clientOptions = {}, server: serverOptions = {} } = options;
  const channels = over === 'values' ? valueChannels(options) : byteChannels(over, options);
  const server = createPeer(channels.server, { service, ...serverOptions });
  const client = createPeer<Service>(channels.client, clientOptions);
  return { client, server, channels };
}

function valueChannels(options: PairOptions): Pair<unknown>['channels'] {
  const [left, right] = createMemoryPair(options);
  const open = (transport: typeof left, { limits = defaultLimits, description }: PeerOptions = {}): Channel =>
    createValuesChannel(transport, { form: 'kindred', hello: helloOf(limits, description?.hash), limits });
  return { client: open(left, options.client), server: open(right, options.server) };
}

function byteChannels(
  over: Exclude<PairOptions['over'], 'values' | undefined>,
  options: PairOptions,
): Pair<unknown>['channels'] {
  const [left, right] = options.transports ?? createMemoryBytePair(options);
  const open = (
    transport: typeof left,
    dialect: DialectChoice,
    { limits = defaultLimits, description }: PeerOptions = {},
  ): Channel =>
    createFramedChannel(transport, {
      mode: 'calls',
      dialect,
      hello: helloOf(limits, description?.hash),
      limits,
      text: webText,
      ...(options.clock === undefined ? {} : { clock: options.clock }),
    });
  return {
    client: open(left, over, options.client),
    server: open(right, over === 'greet' ? 'choose' : over, options.server),
  };
}
