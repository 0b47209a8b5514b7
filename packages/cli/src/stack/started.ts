/** A stack that this command has started, as far as the command can end it. */
import type { Exit } from 'kindred/process';
import { signalProcess } from 'kindred/process';
import type { StartedStack } from 'kindred/supervisor';

export interface Started {
  /** How its keeper has ended. */
  readonly ended: Promise<Exit>;
  /** Asks the keeper to end everything in its order. */
  end(): void;
  /** Has the keeper end everything at once. */
  kill(): void;
}

/** Of one that was not detached. */
export function startedOf({ identity, exited }: StartedStack): Started {
  return {
    ended: exited ?? Promise.resolve({ exitCode: 0, signal: null }),
    end: () => void signalProcess(identity, 'SIGTERM'),
    kill: () => void signalProcess(identity, 'SIGQUIT'),
  };
}
