/** A passage (passage.ts) between two ends in one process: the handle itself is given, and changes its owner only. */
import { Socket } from 'node:net';
import { KindredError } from '../base/errors.ts';
import { checkGivable, drop, type Handle, isGone, isPassable, kindOf, moving } from './givable.ts';
import { unpause } from './node-internals.ts';

interface Given {
  readonly handle: Handle;
  readonly back: 'keep' | 'close';
}

/** One of two ends. */
export class InPlacePassage {
  #other!: InPlacePassage;
  #lastId = 0;
  readonly #given = new Map<number, Given>();

  static pair(): [InPlacePassage, InPlacePassage] {
    const ends: [InPlacePassage, InPlacePassage] = [new InPlacePassage(), new InPlacePassage()];
    ends[0].#other = ends[1];
    ends[1].#other = ends[0];
    return ends;
  }

  isHandle(value: object): boolean {
    return isPassable(value);
  }

  give(value: object, back: 'keep' | 'close'): number | undefined {
    if (!isPassable(value)) return undefined;
    if (isGone(value)) throw lost(`a ${kindOf(value)} cannot be given: it is closed`);
    checkGivable(value, !(value instanceof Socket), 'another part of this process');
    if (value instanceof Socket) moving.add(value);
    this.#given.set(++this.#lastId, { handle: value, back });
    return this.#lastId;
  }

  recall(ids: readonly number[]): void {
    for (const id of ids) {
      const given = this.#leave(id);
      if (given?.back === 'close' && given.handle instanceof Socket) drop(given.handle);
    }
  }

  find(id: number): Handle | undefined {
    return this.#other.#given.get(id)?.handle;
  }

  take(ids: readonly number[]): Promise<KindredError | undefined> {
    const given = this.#other.#given;
    const isThere = ids.every((id) => given.has(id) && !isGone(given.get(id)?.handle as Handle));
    if (!isThere) {
      this.refuse(ids);
      return Promise.resolve(lost('a handle was closed, or recalled, on its way'));
    }
    for (const id of ids) {
      const handle = this.#other.#leave(id)?.handle;
      if (handle instanceof Socket) unpause(handle);
    }
    return Promise.resolve(undefined);
  }

  refuse(ids: readonly number[]): void {
    this.#other.recall(ids);
  }

  discard(handle: object): void {
    drop(handle as Handle);
  }

  close(): void {
    this.recall([...this.#given.keys()]);
  }

  #leave(id: number): Given | undefined {
    const given = this.#given.get(id);
    this.#given.delete(id);
    if (given !== undefined) moving.delete(given.handle);
    return given;
  }
}

function lost(message: string): KindredError {
  return new KindredError('ERR_HANDLE_LOST', message);
}
