/** What a receiver hears of a channel, for tests. */
import type { Channel, CloseReason } from '../../src/channel/channel.ts';
import type { Message } from '../../src/wire/message.ts';

export interface Heard {
  messages: Message[];
  ready: boolean;
  drained: number;
  ended: boolean;
  reason: CloseReason | undefined;
}

/** Starts the channel. */
export function hear(channel: Channel): Heard {
  const heard: Heard = { messages: [], ready: false, drained: 0, ended: false, reason: undefined };
  channel.start({
    ready: () => (heard.ready = true),
    message: (message) => heard.messages.push(message),
    drained: () => heard.drained++,
    ended: () => (heard.ended = true),
    closed: (reason) => (heard.reason = reason),
  });
  return heard;
}
