/** What each contender is asked to do: the same two stacks, by its own command, as a user would. */
import { readdirSync, readFileSync } from 'node:fs';

/** programs/idle.cjs of Node.js, or programs/idle.sh, which is hardly anything to start. */
export type Idle = 'node' | 'shell';

export interface Supervised {
  readonly name: string;
  /** Two processes of programs/web.cjs on this port. Resolves when its command says that they are up. */
  upWeb(port: number): Promise<void>;
  /** Replaces both. Resolves when its command says that it is done. */
  reload(): Promise<void>;
  /** So many processes of a program that does nothing, each a service of its own. */
  upMany(count: number, idle: Idle, startedDir: string): Promise<void>;
  /** The processes that supervise, with those that keep the logs; not those that are supervised. */
  ownPids(): Promise<number[]>;
  /** Ends all of it. Nothing is left. */
  down(): Promise<void>;
}

/** In a directory of its own, which it may fill as it likes. */
export type MakeSupervised = (directory: string) => Supervised;

/** What the kernel knows as children of a process. */
export function childrenOf(pid: number): number[] {
  const listed = readdirSync(`/proc/${pid}/task`).map((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8'),
  );
  return listed.join(' ').split(' ').filter(Boolean).map(Number);
}
