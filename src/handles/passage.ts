/**
 * Handles that go with the messages of a channel over Node's own IPC: arguments and results of calls.
 *
 * A handle is sent ahead of the message that names it. Node.js keeps the order of what is sent over one IPC channel, and
 * lets nothing pass a handle that is on its way; so it is there before its message. The other end leaves it alone until
 * that message is obeyed, and then asks for it:
 *
 * ```
 *   here    given --wanted--> yours: our copy of a socket is closed      there    arrived --take--> asked --yours--> ours
 *             |---recall, refused, lost, dead--> ours as it was                     |                 |--recalled--> dropped
 *             |---gone--> closed: its client had gone                               |--recalled, refused--> dropped
 * ```
 * Whoever passes a handle decides to the last whose it is, so that a call which is given up has its socket back at once,
 * and no connection is served twice. It costs one more turn of the channel.
 *
 * The shape is that of `HandlePort` in `channel`, which knows nothing of sockets.
 */
import { Buffer } from 'node:buffer';
import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { KindredError } from '../base/errors.ts';
import { nameOfEnd } from './channel-end.ts';
import { checkGivable, drop, type Handle, isGone, isPassable, isUsable, kindOf, moving } from './givable.ts';
import { forgetServer, startReading, stopReading } from './node-internals.ts';
import { openPassageEnvelope, type PassageSays, passageEnvelope } from './passage-words.ts';
import { putBack, type ReadAhead, takeOut } from './read-ahead.ts';

/** Handles of one end that are on their way, or wait to be asked for. */
const maxUnderWay = 1000;

interface Given {
  readonly handle: Handle;
  readonly readAhead: ReadAhead | undefined;
  /** What becomes of a socket that is not taken. */
  readonly back: 'keep' | 'close';
}

interface Arrived {
  readonly handle: Handle;
  readonly bytes: string;
}

/** Some that were asked for together. */
interface Asked {
  readonly ids: readonly number[];
  readonly arrived: readonly Arrived[];
  settle(error: KindredError | undefined): void;
}

export class Passage {
  readonly #end: ChildProcess;
  #lastId = 0;
  readonly #given = new Map<number, Given>();
  readonly #arrived = new Map<number, Arrived>();
  /** By the first of their numbers. */
  readonly #asked = new Map<number | undefined, Asked>();

  /** Listens from now on. */
  constructor(end: ChildProcess | NodeJS.Process) {
    // Seen from here, `process` has all that is used of a child.
    this.#end = end as ChildProcess;
    this.#end.on('message', this.#onMessage);
  }

  isHandle(value: object): boolean {
    return isPassable(value);
  }

  give(value: object, back: 'keep' | 'close'): number | undefined {
    if (!isPassable(value)) return undefined;
    const name = nameOfEnd(this.#end);
    if (isGone(value)) throw lost(`a ${kindOf(value)} cannot be given to ${name}: it is closed`);
    checkGivable(value, !(value instanceof Socket), name);
    if (this.#given.size >= maxUnderWay)
      throw new KindredError('ERR_BUSY', `${maxUnderWay} handles wait for ${name} to take them`);
    const id = ++this.#lastId;
    const readAhead = value instanceof Socket ? takeOut(value) : undefined;
    const bytes = readAhead?.bytes.toString('base64') ?? '';
    this.#given.set(id, { handle: value, readAhead, back });
    if (value instanceof Socket) {
      moving.add(value);
      forgetServer(value);
    }
    try {
      const said = passageEnvelope({ say: 'passed', id, kind: kindOf(value), bytes });
      this.#end.send(said, value, { keepOpen: true }, (error) => error !== null && this.recall([id]));
    } catch (cause) {
      this.#return(id);
      throw new KindredError('ERR_NOT_ENCODABLE', `a handle cannot be sent: ${(cause as Error).message}`, {
        cause,
      });
    }
    return id;
  }

  recall(ids: readonly number[]): void {
    const recalled = ids.filter((id) => this.#return(id));
    if (recalled.length > 0) this.#say({ say: 'recalled', ids: recalled });
  }

  find(id: number): Handle | undefined {
    return this.#arrived.get(id)?.handle;
  }

  take(ids: readonly number[]): Promise<KindredError | undefined> {
    const arrived = ids.map((id) => this.#arrived.get(id));
    for (const [i, each] of arrived.entries()) {
      if (each !== undefined && isUsable(each.handle)) continue;
      this.#forget([ids[i] as number]);
      // One that Node.js could not receive is still there, as it was.
      this.#say({ say: each === undefined ? 'refused' : 'gone', ids: [ids[i] as number] });
      this.refuse(ids.filter((id) => id !== ids[i]));
      return Promise.resolve(
        lost(
          each === undefined
            ? `a handle did not arrive: ${nameOfEnd(this.#end)} has recalled it, or this process has too many open descriptors`
            : 'a socket was closed on its way',
        ),
      );
    }
    if (this.#end.connected !== true) return Promise.resolve(this.#cutOff(ids));
    return new Promise((settle) => {
      for (const id of ids) this.#arrived.delete(id);
      this.#asked.set(ids[0], { ids, arrived: arrived as Arrived[], settle });
      this.#say({ say: 'wanted', ids });
    });
  }

  refuse(ids: readonly number[]): void {
    this.#forget(ids);
    if (ids.length > 0) this.#say({ say: 'refused', ids });
  }

  discard(handle: object): void {
    drop(handle as Handle);
  }

  /** The channel is closed, or about to be: what is not there by now is here. */
  close(): void {
    this.#end.off('message', this.#onMessage);
    for (const id of [...this.#given.keys()]) this.#return(id);
    this.#forget([...this.#arrived.keys()]);
    for (const { ids, arrived, settle } of this.#asked.values()) {
      for (const { handle } of arrived) drop(handle);
      settle(this.#cutOff(ids));
    }
    this.#asked.clear();
  }

  readonly #onMessage = (message: unknown, handle: unknown): void => {
    const said = openPassageEnvelope(message);
    switch (said?.say) {
      case 'passed':
        return this.#onPassed(said, handle as Handle | undefined);
      case 'wanted':
        return this.#onWanted(said.ids);
      case 'refused':
        for (const id of said.ids) this.#return(id);
        return;
      case 'gone':
        for (const id of said.ids) this.#leave(id);
        return;
      case 'yours':
        return this.#onVerdict(said.ids, undefined);
      case 'recalled':
        this.#forget(said.ids);
        return this.#onVerdict(said.ids, lost(`${nameOfEnd(this.#end)} has recalled what it had passed`));
      default:
    }
  };

  #onPassed({ id, bytes }: Extract<PassageSays, { say: 'passed' }>, handle: Handle | undefined): void {
    // Closed on its way; its message finds it missing.
    if (handle === undefined) return;
    if (this.#arrived.size >= 2 * maxUnderWay) {
      drop(handle);
      return this.#say({ say: 'refused', ids: [id] });
    }
    if (handle instanceof Socket) stopReading(handle);
    this.#arrived.set(id, { handle, bytes });
  }

  #onWanted(ids: readonly number[]): void {
    const isHere = ids.every((id) => {
      const given = this.#given.get(id);
      return given !== undefined && !isGone(given.handle);
    });
    this.#say({ say: isHere ? 'yours' : 'recalled', ids });
    for (const id of ids)
      if (isHere) this.#leave(id);
      else this.#return(id);
  }

  #onVerdict(ids: readonly number[], error: KindredError | undefined): void {
    const asked = this.#asked.get(ids[0]);
    if (asked === undefined) return;
    this.#asked.delete(ids[0]);
    for (const { handle, bytes } of asked.arrived) {
      if (error !== undefined) drop(handle);
      else if (handle instanceof Socket) {
        if (bytes !== '') handle.unshift(Buffer.from(bytes, 'base64'));
        startReading(handle);
      }
    }
    asked.settle(error);
  }

  /** It is ours again. False: it was so already, or is not any more. */
  #return(id: number): boolean {
    const given = this.#given.get(id);
    if (given === undefined) return false;
    const { handle, readAhead, back } = given;
    this.#given.delete(id);
    moving.delete(handle);
    if (readAhead !== undefined) putBack(handle as Socket, readAhead);
    if (back === 'close' && handle instanceof Socket) handle.destroy();
    return true;
  }

  /** It is theirs, or nobody's; a server and a datagram socket stay open here as well. */
  #leave(id: number): void {
    const handle = this.#given.get(id)?.handle;
    this.#given.delete(id);
    if (!(handle instanceof Socket)) return;
    moving.delete(handle);
    handle.destroy();
  }

  /** Drops what came and was not asked for. */
  #forget(ids: readonly number[]): void {
    for (const id of ids) {
      drop(this.#arrived.get(id)?.handle);
      this.#arrived.delete(id);
    }
  }

  #cutOff(ids: readonly number[]): KindredError {
    return lost(
      `${nameOfEnd(this.#end)} was cut off before it had given up ${ids.length === 1 ? 'the handle' : 'the handles'}`,
    );
  }

  #say(said: PassageSays): void {
    // Whoever is not there any more hears nothing; that is found out elsewhere.
    if (this.#end.connected === true) this.#end.send(passageEnvelope(said), () => {});
  }
}

function lost(message: string): KindredError {
  return new KindredError('ERR_HANDLE_LOST', message);
}
