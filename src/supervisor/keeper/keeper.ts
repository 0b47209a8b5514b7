/**
 * The keeper: the real parent of every process of a stack. It opens listeners and pipes, starts, signals and reaps, and
 * writes down what brains tell it to. It decides nothing, so that it hardly ever changes, and lives on when its brain dies.
 *
 * ```
 *   process:  starting --spawned--> running --exit--> ended --forget--> (gone)
 *                |--could not be started--> (start throws)
 * ```
 * The brain reaches it by calls (a process of its own) or directly (`supervise` in one process): one interface, two places.
 */
import type { Exit } from '../../process/outcome.ts';
import type { OnParentDeath } from '../../process/parent-death.ts';
import type { ProcessIdentity } from '../../process/process-identity.ts';
import type { RouteTarget } from '../routes/route-words.ts';
import type { Program } from './staff.ts';

export interface Keeper {
  /**
   * Takes the keeper over: all that there is. From now on the calls of whoever had taken it before are refused with
   * `ERR_CLOSED`, and their events end. What they had asked for goes on, but for processes that were not started yet.
   */
  take(): Promise<KeeperTable>;
  /** What happens from the event after this number on; what is too old to be kept is not told (the table has its results). */
  events(after: number): AsyncIterable<KeeperEvent>;
  /**
   * Opens a listener, or gives the one of this name where it is open at the same address. Who may connect is the affair of
   * the services: it opens what others can reach, too. Throws what listening throws; ERR_ADDRESS_IN_USE has in `data` the
   * `id` and `pid` of a process of the table, where one still listens there that has outlived the keeper before.
   */
  openListener(spec: KeptListener): Promise<ListenerEntry>;
  closeListener(name: string): Promise<void>;
  /**
   * Has the connections of an open listener given out to these processes from now on, by a router: a process of the keeper's
   * own, which starts it again when it ends. For one that is routed already: to other processes; with another program another
   * router takes the place of the one before, without a gap. Throws ERR_BAD_ARGUMENT where the listener is not open.
   */
  route(route: KeptRoute): Promise<void>;
  /** Ends its router; connections wait in the kernel then. One that is not routed is no error. */
  unroute(listener: string): Promise<void>;
  /** Throws the codes of `spawn`; ERR_BAD_ARGUMENT where the id is taken. */
  start(spec: StartSpec): Promise<ProcessEntry>;
  /** To the process alone, or to all that descends from it. */
  signal(id: string, signal: NodeJS.Signals, whom?: 'process' | 'tree'): Promise<'sent' | 'gone'>;
  /** Asks it to end, kills its tree when the grace is over; goes on when the brain dies meanwhile. Resolves when all is gone. */
  end(id: string, options?: { signal?: NodeJS.Signals; graceMs?: number }): Promise<Exit>;
  /** An ended process leaves the table; one that is unknown is no error. Its log stays open for the next one of the same name until `closeLog`. */
  forget(id: string): Promise<void>;
  closeLog(name: string): Promise<void>;
  /**
   * Writes down for the next brain, by key, all of it or nothing: what belongs together is never half there. `undefined` takes
   * a note away. JSON values; 1 MiB each, 16 MiB in all.
   */
  note(changes: Readonly<Record<string, unknown>>): Promise<void>;
  /** Starts this brain in place of the one that runs; services notice nothing. Default: the same module again. */
  replaceBrain(options?: { module?: string }): Promise<void>;
  /**
   * Ends everything that is left (trees, logger), closes the listeners, and removes its files. From now on nobody has it, and
   * events end. Its process then waits 5 s for the brain to end by itself, and exits.
   */
  stop(options?: { graceMs?: number }): Promise<void>;
}

export interface KeptListener {
  name: string;
  /** `tcp://host:port`, `unix:/path`, `local:name`. */
  address: string;
  backlog?: number | undefined;
  mode?: number | undefined;
  /** Only of TCP: binds with SO_REUSEPORT, once for each process that gets it. Default false. */
  reusePort?: boolean | undefined;
}

export interface ListenerEntry extends KeptListener {
  /** Where it really listens: the port that the system has chosen is in it. */
  bound: string;
}

export interface KeptRoute {
  listener: string;
  router: Program;
  /** Processes that were started with this listener among their `routed`. */
  targets: readonly RouteTarget[];
}

export interface RouteEntry extends KeptRoute {
  /** Of its router; absent while none runs. */
  pid?: number | undefined;
}

/** Plain data: it stands in the table, and is shown to the next brain. */
export interface StartSpec {
  /** Chosen by the brain, never used twice: `web.1#4` is the fourth process of instance 1 of `web`. */
  id: string;
  command: string;
  args: readonly string[];
  /** Exact; the keeper adds the variables of its own (listeners, descriptors). */
  env: Readonly<Record<string, string>>;
  cwd: string;
  user?: string | number | undefined;
  group?: string | number | undefined;
  onParentDeath: OnParentDeath;
  /** The name of the log that stdout and stderr go to (`web.1`): two FIFOs that the keeper holds open, and the logger reads. */
  log: string;
  /** How the logger keeps it. */
  logs: { maxBytes: number; files: number; format: 'text' | 'json' };
  /** Open listeners that it inherits, in this order, as LISTEN_FDS. */
  listeners: readonly string[];
  /** Listeners whose connections it gets one by one, by a router. It has Node's own IPC channel for that. Default: none. */
  routed?: readonly string[] | undefined;
  /**
   * More descriptors that it writes lines to and the brain reads: the number, or for `words` the first free one, and the
   * file name of the FIFO. `words` is told to it as KINDRED_WORDS=fd:N, `ready` as KINDRED_READY=fd:N.
   */
  lines: readonly { to: 'words' | 'ready' | number }[];
  /**
   * One of `lines`, that it says `READY=1` on. The keeper reads it, and nobody else: what it says is in the table, so that
   * it is not lost with a brain that has read it, or that has gone before. Default: none.
   */
  readyLine?: 'ready' | number | undefined;
}

export interface ProcessEntry {
  spec: StartSpec;
  identity: ProcessIdentity;
  /** Wall clock, milliseconds since 1970. */
  startedAt: number;
  /** Paths of the FIFOs that its extra lines come out of, by `to`. The keeper holds them open; any one brain reads them. */
  lines: Readonly<Record<string, string>>;
  /** When it said on its `readyLine` that it is ready. */
  readyAt?: number | undefined;
  /** Absent while it runs. */
  ended?: { at: number; exit: Exit } | undefined;
}

export interface KeeperTable {
  /** How often it was taken over, this time included. */
  epoch: number;
  keeper: ProcessIdentity;
  /** Where pipes and logs are. */
  directory: string;
  logDirectory: string;
  startedAt: number;
  listeners: ListenerEntry[];
  routes: RouteEntry[];
  processes: ProcessEntry[];
  notes: Record<string, unknown>;
  /** Of the last event that the table holds. */
  sequence: number;
  /** How often brain and logger were started again, and how they last ended. */
  restarts: { brain: number; logger: number };
}

export type KeeperEvent = { sequence: number; at: number } & (
  | { kind: 'ready'; id: string }
  | { kind: 'ended'; id: string; exit: Exit }
  | { kind: 'logger-ended'; exit: Exit }
  | { kind: 'brain-ended'; exit: Exit }
  /** It accepts. */
  | { kind: 'router-ready'; listener: string; pid: number }
  | { kind: 'router-ended'; listener: string; exit: Exit }
);
