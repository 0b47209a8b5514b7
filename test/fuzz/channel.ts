/** The channel that each subject over bytes begins with. */
import type { Channel } from '../../src/channel/channel.ts';
import { createFramedChannel, type FramedOptions } from '../../src/channel/framed.ts';
import type { ByteTransport } from '../../src/channel/transport.ts';
import { helloOf } from '../../src/rpc/channel-peer.ts';
import { allocate, nodeText } from '../../src/transports/node-text.ts';

/** Whatever does not greet was come to by itself. */
export function openChannel(
  transport: ByteTransport,
  { dialect, limits, ...more }: Pick<FramedOptions, 'mode' | 'dialect' | 'limits' | 'clock'>,
): Channel {
  return createFramedChannel(transport, {
    dialect,
    accepted: dialect !== 'greet',
    hello: helloOf(limits),
    limits,
    text: nodeText,
    allocate,
    ...more,
  });
}
