/** Stops the arrival of messages as long as anybody has a reason to. */
import type { Channel } from '../channel/channel.ts';

export class Brake {
  readonly #channel: Channel;
  #reasons: Set<unknown> | undefined;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  has(reason: unknown): boolean {
    return this.#reasons?.has(reason) === true;
  }

  /** Whether this is a reason from now on. */
  set(reason: unknown, on: boolean): void {
    if (on === this.has(reason)) return;
    this.#reasons ??= new Set();
    const reasons = this.#reasons;
    if (on) {
      reasons.add(reason);
      if (reasons.size === 1) this.#channel.pause();
    } else {
      reasons.delete(reason);
      if (reasons.size === 0) this.#channel.resume();
    }
  }
}
