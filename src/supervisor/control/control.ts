/**
 * What a running stack can be told and asked: the service at its control address. Everything that the command does is one
 * of these calls.
 */
import type { Exit } from '../../process/outcome.ts';

export interface Control {
  status(): Promise<StackStatus>;
  /** What the config as it is now (of the file it came from) would change. Throws `ERR_BAD_CONFIG` for a wrong one. */
  plan(): Promise<Change[]>;
  /** Reads the config again, and makes it so. */
  apply(): AsyncIterable<Progress>;
  start(services: readonly string[]): AsyncIterable<Progress>;
  stop(services: readonly string[]): AsyncIterable<Progress>;
  /** One instance after the other: of several the others serve. Where one does not come up again, those behind it go on as they are. */
  restart(services: readonly string[]): AsyncIterable<Progress>;
  /** One instance at a time; `canary`: only so many, then it waits for `reload` or `rollback`. Rolls back by itself where it fails. */
  reload(services: readonly string[], options?: { canary?: number }): AsyncIterable<Progress>;
  rollback(services: readonly string[]): AsyncIterable<Progress>;
  scale(service: string, instances: number): AsyncIterable<Progress>;
  /** From the event after this number on (default: those that are kept, at most 1000); ends at the end unless `follow`. */
  events(options?: { after?: number; follow?: boolean }): AsyncIterable<StackEvent>;
  logs(query: LogRequest): AsyncIterable<LogRecord>;
  /** The chain of causes of its last change of state, the newest first, in sentences. */
  why(service: string): Promise<Cause[]>;
  /** Another brain in place of this one; services notice nothing. The keeper stays until all is down: it alone is their parent. */
  upgrade(): Promise<{ brain: number; keeper: 'kept' }>;
  /** Ends everything, in the reversed order of `needs`, and the stack with it. */
  down(): AsyncIterable<Progress>;
}

/**
 * ```
 *   waiting (for what it needs, or its time) -> starting -> ready <-> unhealthy
 *   starting, ready, unhealthy --exit--> backoff -> starting       --too often--> failed
 *                              --asked--> draining -> stopping -> stopped
 *                              --exit, not to be restarted--> ended
 * ```
 */
export type InstanceState =
  | 'waiting'
  | 'starting'
  | 'ready'
  | 'unhealthy'
  | 'draining'
  | 'stopping'
  | 'backoff'
  | 'stopped'
  | 'ended'
  | 'failed';

export interface InstanceStatus {
  service: string;
  /** From 1. */
  instance: number;
  state: InstanceState;
  /** When it came into this state: wall clock, milliseconds since 1970. */
  since: number;
  pid?: number | undefined;
  startedAt?: number | undefined;
  restarts: number;
  /** Share of one processor since the last sample, 0 to the number of processors. */
  cpu?: number | undefined;
  memoryBytes?: number | undefined;
  callsPerSecond?: number | undefined;
  /** When it is started again, in `backoff` and with a schedule in `waiting`. */
  nextStartAt?: number | undefined;
  lastExit?: (Exit & { at: number }) | undefined;
  /** Of the code and settings that it runs: instances of one service differ during a reload. */
  generation: number;
}

export interface StackStatus {
  name: string;
  config?: string | undefined;
  startedAt: number;
  keeper?: { pid: number; memoryBytes?: number | undefined } | undefined;
  brain: { pid: number; startedAt: number; restarts: number; memoryBytes?: number | undefined };
  listeners: ListenerStatus[];
  services: ServiceStatus[];
  instances: InstanceStatus[];
}

export interface ListenerStatus {
  name: string;
  address: string;
  bound: string;
  /** Where its connections are given out by a rule: the service that gets them, and the process that gives them. */
  route?: { to: string; pid?: number | undefined } | undefined;
}

export interface ServiceStatus {
  service: string;
  /** The worst of its instances, or `stopped`. */
  state: InstanceState;
  instances: number;
  ready: number;
  group?: string | undefined;
  reloading?: boolean | undefined;
}

export type Change =
  /** `settings`: taken over while it runs; `because` names them. */
  | { kind: 'add' | 'remove' | 'replace' | 'settings'; service: string; because: string[] }
  | { kind: 'scale'; service: string; from: number; to: number }
  | { kind: 'env'; service: string; added: string[]; removed: string[]; changed: string[] }
  /** `settings` (backlog, mode): from the next `down` and `up` on, as long as somebody holds the socket. */
  | {
      kind: 'listener';
      listener: string;
      change: 'add' | 'remove' | 'move' | 'settings';
      from?: string;
      to?: string;
    }
  | { kind: 'group'; group: string; change: 'add' | 'remove' | 'change' };

/** What a verb is doing: for the eyes of whoever waits. */
export interface Progress {
  at: number;
  service?: string | undefined;
  instance?: number | undefined;
  /** `done`: the verb is through; `failed`: it is given up, and `text` says why. */
  kind: 'step' | 'done' | 'failed';
  text: string;
}

export interface StackEvent {
  sequence: number;
  at: number;
  service?: string | undefined;
  instance?: number | undefined;
  /**
   * `state` (of an instance), `exit`, `output` (the last that it wrote), `hung`, `memory`, `health`, `status`, `schedule`,
   * `watch`, `reload`, `restart`, `group`, `brain`, `logger`, `config`, `asked`.
   */
  kind: string;
  state?: InstanceState | undefined;
  text: string;
  /** The number of the event that this one follows from. */
  cause?: number | undefined;
}

export interface Cause {
  at: number;
  text: string;
}

export interface LogRequest {
  services?: readonly string[] | undefined;
  since?: number | undefined;
  tail?: number | undefined;
  /** The source of a regular expression. */
  grep?: string | undefined;
  follow?: boolean | undefined;
}

export interface LogRecord {
  at: number;
  log: string;
  stream: 'out' | 'err' | 'note';
  text: string;
}
