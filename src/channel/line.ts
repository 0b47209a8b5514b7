/**
 * One connection of a transport that may have several in its life. Who hears it can change: what comes while nobody
 * does is held, and told to the next in its order.
 */
import { type ByteReceiver, type ByteTransport, deaf } from './transport.ts';

export type Event = (ear: ByteReceiver) => void;

export class Line {
  readonly transport: ByteTransport;
  #ear: ByteReceiver | undefined;
  #held: Event[] = [];
  #started = false;
  /** How often the ear has changed: it may be changed by what it hears. */
  #changes = 0;

  constructor(transport: ByteTransport) {
    this.transport = transport;
  }

  /** Something has come that nobody has heard. */
  get holds(): boolean {
    return this.#held.length > 0;
  }

  /** Where it was started before it goes on. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.transport.start({
      data: (chunk) => {
        if (this.#ear !== undefined) this.#ear.data(chunk);
        else this.#keep(chunk.slice());
      },
      room: () => this.#ear?.room?.(),
      end: () => this.tell((ear) => ear.end()),
      drain: () => this.tell((ear) => ear.drain()),
      close: (error) => this.tell((ear) => ear.close(error)),
    });
  }

  /** From now on this one hears it, also what is held. */
  hear(ear: ByteReceiver): void {
    const change = ++this.#changes;
    this.#ear = undefined;
    while (this.#held.length > 0) {
      (this.#held.shift() as Event)(ear);
      if (this.#changes !== change) return;
    }
    this.#ear = ear;
  }

  /** From now on nobody hears it. These bytes, which stay as they are, were read too far. */
  hold(unread: Uint8Array): void {
    this.#changes++;
    this.#ear = undefined;
    if (unread.length > 0) this.#held.unshift((ear) => ear.data(unread));
  }

  /** Closes it, unheard. */
  drop(): void {
    this.#changes++;
    this.#ear = deaf;
    this.#held = [];
    this.transport.destroy();
  }

  #keep(bytes: Uint8Array): void {
    this.#held.push((ear) => ear.data(bytes));
  }

  /** As if it had come now. */
  tell(event: Event): void {
    if (this.#ear !== undefined) event(this.#ear);
    else this.#held.push(event);
  }
}
