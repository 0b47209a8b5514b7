/** What two Kindreds say to each other over a transport of values. */
import type { Message } from '../wire/message.ts';

/**
 * What travels between two Kindreds: a message as it is, or the bytes of some in the binary dialect; and the size of
 * each of these, because both ends must count the same for the credit of streams.
 */
export interface Batch {
  messages: (Message | Uint8Array)[];
  bytes: number[];
  /** All bytes posted so far, this batch included: to be said back when they are taken. */
  asks?: number;
}

/** The answer to `asks`. */
export interface Taken {
  taken: number;
}
