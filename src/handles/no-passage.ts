/** What stands in for a passage (passage.ts) where a channel cannot carry handles: it says so of each. */
import { Socket } from 'node:net';
import { KindredError } from '../base/errors.ts';
import { isPassable, kindOf } from './givable.ts';

/** `over`: the channel, for errors: `tcp://127.0.0.1:80`. */
export class NoPassage {
  readonly #over: string;

  constructor(over: string) {
    this.#over = over;
  }

  isHandle(value: object): boolean {
    return isPassable(value);
  }

  /** Throws `ERR_NOT_SUPPORTED` for a handle. */
  give(value: object): undefined {
    if (!isPassable(value)) return undefined;
    const instead = value instanceof Socket ? ', or pass its bytes: byteProxy(socket)' : '';
    throw new KindredError(
      'ERR_NOT_SUPPORTED',
      `a ${kindOf(value)} cannot be passed over the channel to ${this.#over}: handles go to a child or a parent over Node's own IPC (channel: 'ipc')${instead}`,
    );
  }

  recall(): void {}

  /** The other end has named a handle that it cannot have sent. */
  find(): undefined {
    throw new KindredError('ERR_PROTOCOL', `${this.#over} has named a handle, and this channel carries none`);
  }

  take(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  refuse(): void {}

  discard(): void {}

  close(): void {}
}
