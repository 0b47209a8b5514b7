/** One end of a hand-over whose words and handles go over a third process: to `src/handles` it looks like a channel of its own. */
import { ChildProcess } from 'node:child_process';
import { drop, type Handle } from '../../handles/givable.ts';

export interface Line {
  /** For `routeWorker`, `takeHandles`. */
  readonly end: ChildProcess;
  /** What the other end has said. */
  hear(said: unknown, handle: unknown): void;
  /** The process at the other end has ended. */
  ended(): void;
  /** Nothing comes any more. */
  cut(): void;
}

export type Written = (error: Error | null) => void;

/** `pass`: takes what goes to the other end, and calls back when it is written. */
export function openLine(pass: (said: unknown, handle: Handle | undefined, written: Written) => void): Line {
  const end = new ChildProcess();
  function send(said: unknown, ...rest: unknown[]): boolean {
    const handle = typeof rest[0] === 'object' && rest[0] !== null ? (rest[0] as Handle) : undefined;
    const last = rest.at(-1);
    pass(said, handle, typeof last === 'function' ? (last as Written) : () => {});
    return true;
  }
  Object.assign(end, { exitCode: null, signalCode: null, connected: true, send });
  return {
    end,
    hear(said, handle) {
      if (end.connected && end.listenerCount('message') > 0) end.emit('message', said, handle);
      else drop(handle as Handle | undefined);
    },
    ended() {
      if (end.exitCode !== null) return;
      // That it has ended is all that counts.
      Object.assign(end, { exitCode: 0 });
      end.emit('exit', null, null);
    },
    cut() {
      if (!end.connected) return;
      Object.assign(end, { connected: false });
      end.emit('disconnect');
    },
  };
}
