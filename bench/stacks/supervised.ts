/** What each contender is asked to do: the same two stacks, by its own command, as a user would. */

export interface Supervised {
  readonly name: string;
  /** Two processes of programs/web.cjs on this port. Resolves when its command says that they are up. */
  upWeb(port: number): Promise<void>;
  /** Replaces both. Resolves when its command says that it is done. */
  reload(): Promise<void>;
  /** So many processes of programs/idle.cjs, each a service of its own. */
  upMany(count: number, startedDir: string): Promise<void>;
  /** The processes that supervise, not those that are supervised. */
  ownPids(): Promise<number[]>;
  /** Ends all of it. Nothing is left. */
  down(): Promise<void>;
}

/** In a directory of its own, which it may fill as it likes. */
export type MakeSupervised = (directory: string) => Supervised;
