/** Stops the arrival of messages as long as anybody has a reason to. */
import type { Channel } from '../channel/channel.ts';

export class Brake {
  readonly #channel: Channel;
  readonly #reasons = new Set<unknown>();

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  has(reason: unknown): boolean {
    return this.#reasons.has(reason);
  }

  /** Whether this is a reason from now on. */
  set(reason: unknown, on: boolean): void {
    if (on === this.#reasons.has(reason)) return;
    if (on) {
      this.#reasons.add(reason);
      if (this.#reasons.size === 1) this.#channel.pause();
    } else {
      this.#reasons.delete(reason);
      if (this.#reasons.size === 0) this.#channel.resume();
    }
  }
}
