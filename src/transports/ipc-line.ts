/**
 * One end of Node's own IPC channel: values out with back-pressure, values in, and an end that comes once and last.
 *
 * Node.js gives no way to stop reading from this channel. What arrives before the start, or while paused, is kept here
 * up to a limit; beyond it the channel is given up.
 */
import type { ChildProcess } from 'node:child_process';
import { type Clock, systemClock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import { isHandOverMessage } from '../handles/envelope.ts';
import { connectionLost } from './system-errors.ts';

/** One end of the channel: a child seen from its parent, or `process` seen from the child. */
export type IpcEnd = ChildProcess | NodeJS.Process;

export interface LineReceiver {
  /** True: it was for the transport itself, and is done with. Asked at once, also while paused. */
  control?(value: unknown): boolean;
  value(value: unknown): void;
  /** All that was sent is written. */
  drain(): void;
  close(error?: Error): void;
}

const maxHeld = 10_000;
/** After the child's exit: how long to wait for the next of what it had sent, where the channel does not come to its end. */
const lingerMs = 500;

export class IpcLine {
  readonly name: string;
  readonly #end: ChildProcess;
  readonly #clock: Clock;
  #receiver: LineReceiver | undefined;
  /** Arrived and not yet delivered. */
  #held: unknown[] = [];
  #started = false;
  #paused = false;
  #arrivals = 0;
  #unsent = 0;
  #blocked = false;
  #flushing: ((written: boolean) => void)[] = [];
  #failure: Error | undefined;
  /** This end gave up: nothing is delivered any more. */
  #left = false;
  #over = false;
  #told = false;

  constructor(end: IpcEnd, clock: Clock = systemClock) {
    this.#end = end as ChildProcess;
    this.#clock = clock;
    this.name =
      end === process ? 'the parent process' : `process ${(end as ChildProcess).pid ?? '(not started)'}`;
    // At once: Node.js would keep messages without limit until somebody listens, and an end that comes before the start
    // is not told again.
    this.#end.on('message', this.#onMessage);
    this.#end.once('disconnect', this.#onDisconnect);
    if (end !== process) this.#end.once('exit', this.#onExit);
  }

  get isOpen(): boolean {
    return !this.#left && !this.#over && this.#end.connected === true;
  }

  start(receiver: LineReceiver): void {
    this.#receiver = receiver;
    process.nextTick(() => {
      this.#started = true;
      if (!this.#paused) this.resume();
      if (this.#over) this.#tell();
      else if (this.#end.connected !== true) this.#finish();
    });
  }

  /**
   * False: it is taken, but wait for `drain`. Throws what Node.js throws for a value that cannot be sent.
   * `matters`: that it cannot be written any more is a failure of the channel.
   */
  send(value: unknown, matters = true): boolean {
    if (!this.isOpen) return false;
    const taken = this.#end.send(value as object, (error) => this.#onSent(matters ? error : null));
    this.#unsent++;
    // False means that much is queued; the value is queued all the same.
    if (!taken) this.#blocked = true;
    return taken;
  }

  flushed(): Promise<boolean> {
    if (this.#over || this.#failure !== undefined) return Promise.resolve(false);
    if (this.#unsent === 0) return Promise.resolve(true);
    return new Promise((resolve) => this.#flushing.push(resolve));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (!this.#started) return;
    // A receiver may pause again in the middle.
    let delivered = 0;
    for (const value of this.#held) {
      if (this.#paused || this.#left) break;
      delivered++;
      this.#receiver?.value(value);
    }
    this.#held = this.#held.slice(delivered);
  }

  end(): void {
    void this.flushed().then(() => this.destroy());
  }

  destroy(error?: Error): void {
    if (this.#left) return;
    this.#left = true;
    this.#held = [];
    if (error !== undefined) this.#failure ??= error;
    if (this.#end.connected === true) this.#end.disconnect();
    process.nextTick(() => this.#finish());
  }

  ref(): void {
    this.#end.channel?.ref();
  }

  unref(): void {
    this.#end.channel?.unref();
  }

  #onSent(error: Error | null): void {
    this.#unsent--;
    if (error !== null && !this.#left) this.#failure ??= connectionLost(this.name, error);
    if (this.#unsent > 0) return;
    for (const resolve of this.#flushing.splice(0)) resolve(this.#failure === undefined);
    if (!this.#blocked) return;
    this.#blocked = false;
    if (this.isOpen) this.#receiver?.drain();
  }

  readonly #onMessage = (value: unknown): void => {
    if (this.#left || this.#told) return;
    this.#arrivals++;
    // Handles that change hands over the same channel are told of beside its messages.
    if (isHandOverMessage(value)) return;
    if (this.#receiver?.control?.(value) === true) return;
    if (this.#started && !this.#paused && this.#held.length === 0) this.#receiver?.value(value);
    else if (this.#held.length < maxHeld) this.#held.push(value);
    else {
      const message = `${this.name} sent more than ${maxHeld} messages that nobody took`;
      this.destroy(new KindredError('ERR_LIMIT', message));
    }
  };

  readonly #onDisconnect = (): void => this.#finish();

  /** With a handle on its way, Node.js never says `disconnect` for a child that died (measured); and data may still come. */
  readonly #onExit = (): void => {
    const seen = this.#arrivals;
    const look = (): void => {
      if (this.#over) return;
      if (this.#arrivals !== seen) this.#onExit();
      else this.#finish();
    };
    this.#clock.after(lingerMs, look).unref();
  };

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#end.off('message', this.#onMessage).off('disconnect', this.#onDisconnect).off('exit', this.#onExit);
    for (const resolve of this.#flushing.splice(0)) resolve(false);
    // Before the start there is nobody to tell.
    if (this.#started) this.#tell();
  }

  #tell(): void {
    if (this.#told) return;
    // What had arrived is heard first, also by a receiver that is paused.
    const held = this.#held.splice(0);
    for (const value of held) if (!this.#left) this.#receiver?.value(value);
    this.#told = true;
    this.#receiver?.close(this.#failure);
  }
}
