/** Node's own IPC channel with both its ends in this process, handles and all. */
import { ChildProcess } from 'node:child_process';
import type { Handle } from '../../src/handles/givable.ts';

type Ear = (error: Error | null) => void;

/** One end of a channel with both its ends in this process; it does what Node.js does, and what a test wants of it. */
export interface FakeEnd extends ChildProcess {
  connected: boolean;
  exitCode: number | null;
  /** What it sends waits until it is set to false again. */
  isFrozen: boolean;
  /** What becomes of a handle on its way; undefined: it is missing at the other end. Default: it arrives as it is. */
  pass(handle: Handle): Handle | undefined;
  /** The message is dropped with its handle: it came without its descriptor. */
  drops: boolean;
  readonly sent: object[];
}

export function createFakeIpc(): { near: FakeEnd; far: FakeEnd } {
  const ends = [createEnd(), createEnd()] as const;
  function createEnd(): FakeEnd {
    const waiting: (() => void)[] = [];
    let isFrozen = false;
    const end = Object.create(ChildProcess.prototype) as FakeEnd;
    const other = (): FakeEnd => ends[end === ends[0] ? 1 : 0];
    const members = {
      pid: 4711,
      connected: true,
      exitCode: null,
      signalCode: null,
      drops: false,
      sent: [],
      pass: (handle: Handle) => handle,
      send(message: object, ...rest: unknown[]) {
        const written = rest.at(-1) as Ear;
        if (!end.connected) return process.nextTick(written, new Error('Channel closed'));
        const handle = typeof rest[0] === 'function' ? undefined : (rest[0] as Handle);
        end.sent.push(message);
        const drops = end.drops && handle !== undefined;
        const deliver = (): void => {
          if (!drops)
            other().emit('message', JSON.parse(JSON.stringify(message)), handle && end.pass(handle));
        };
        if (isFrozen) waiting.push(deliver);
        else process.nextTick(deliver);
        process.nextTick(written, null);
      },
    };
    Object.assign(end, members);
    Object.defineProperty(end, 'isFrozen', {
      set(value: boolean) {
        isFrozen = value;
        if (!value) for (const deliver of waiting.splice(0)) process.nextTick(deliver);
      },
    });
    return end;
  }
  return { near: ends[0], far: ends[1] };
}

/** What is under way arrives. */
export async function turn(): Promise<void> {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
}
