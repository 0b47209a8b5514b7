/**
 * What a stack is: services, the groups that they fail together in, and the listeners that outlive them. Plain data, with
 * functions where rules are; what `kindred.config.ts` exports.
 */
import type { Rule } from '../../handles/rules.ts';
import type { OnParentDeath } from '../../process/parent-death.ts';

export interface Stack<Listener extends string = string> {
  /** What it is called: names its control address, its directories and its log files. Default: the name of the config's folder. */
  name?: string | undefined;
  /** Opened before the first service starts, and kept open however often services restart. */
  listeners?: Readonly<Record<Listener, ListenerSpec>> | undefined;
  /** Services, and other groups, that fail together. What is in no group stands alone. */
  groups?: Readonly<Record<string, GroupSpec>> | undefined;
  services: Readonly<Record<string, ServiceSpec<Listener>>>;
  /** Listeners whose connections are given out one by one, by a rule, instead of being shared. */
  routes?: Readonly<Partial<Record<Listener, RouteSpec>>> | undefined;
  /** For every service, below its own. */
  env?: Environment | undefined;
  /** Files of `NAME=value` lines, for every service, below `env`. Relative to the config. */
  envFiles?: readonly string[] | undefined;
  /** For every service, below its own. */
  logs?: LogSpec | undefined;
}

/** `undefined`: not handed on, where this process has it. */
export type Environment = Readonly<Record<string, string | number | boolean | undefined>>;

/** An address (`tcp://127.0.0.1:8080`, `unix:/run/web.sock`, `local:web`), or the same with settings. */
export type ListenerSpec =
  | string
  | {
      address: string;
      /** How many connections may wait in the kernel. Default 511. */
      backlog?: number | undefined;
      /** Of a Unix domain socket's file. Default 0o600. */
      mode?: number | undefined;
    };

export type Strategy = 'one-for-one' | 'one-for-all' | 'rest-for-one';

/** The meaning is that of Erlang/OTP's supervisor: https://www.erlang.org/doc/apps/stdlib/supervisor.html */
export interface GroupSpec {
  /** Services and groups, in the order in which they are started. Each stands in one group at most. */
  members: readonly string[];
  /** Default `one-for-one`. */
  strategy?: Strategy | undefined;
  /** More restarts than this within this time, and the group fails. Default 5 in 30,000 ms. */
  intensity?: Intensity | undefined;
  /** What its own group does when it has failed or ended. Default `permanent`. */
  restart?: RestartPolicy | undefined;
  /** Ends the group above when this one has ended by itself. Not with `permanent`. Default false. */
  significant?: boolean | undefined;
  /** Whether the end of significant members ends the group. Default `never`. */
  autoShutdown?: 'never' | 'any-significant' | 'all-significant' | undefined;
}

export interface Intensity {
  restarts: number;
  withinMs: number;
}

/** `permanent`: always restarted; `transient`: only after an abnormal end; `temporary`: never. */
export type RestartPolicy = 'permanent' | 'transient' | 'temporary';

export interface RestartSpec {
  /** Default `permanent`; with a `schedule` `temporary`. */
  policy?: RestartPolicy | undefined;
  /** The wait before the first restart, in milliseconds; of it a random part (full jitter). Default 200. */
  firstMs?: number | undefined;
  /** It doubles up to this, in milliseconds. Default 30,000. */
  maxMs?: number | undefined;
  /** After so long in health it counts from the start again, in milliseconds. Default 60,000. */
  resetAfterMs?: number | undefined;
  /** Of a service that stands in no group: more restarts than this within this time, and it is `failed`. Default 5 in 30,000 ms. */
  intensity?: Intensity | undefined;
  /** See `GroupSpec`. */
  significant?: boolean | undefined;
}

/** Exactly one of `run`, `fork` and `host`. */
export interface ServiceSpec<Listener extends string = string> {
  /** A program of any language with its arguments; no shell. */
  run?: readonly [command: string, ...args: string[]] | undefined;
  /** A module that is run by Node.js, relative to the config. */
  fork?: string | URL | undefined;
  /** A module whose exports are a service, relative to the config; served at the listeners named in `listen`. */
  host?: string | URL | undefined;
  /** For `fork` and `host`. */
  args?: readonly string[] | undefined;
  /** Flags of Node.js, for `fork` and `host`. */
  execArgv?: readonly string[] | undefined;
  /** How many processes. Default 1; `cpus`: one for each processor. */
  instances?: number | 'cpus' | undefined;
  env?: Environment | undefined;
  envFiles?: readonly string[] | undefined;
  /** Default: the folder of the config. */
  cwd?: string | undefined;
  /** Runs as this user (by name or number); the supervisor must be root. */
  user?: string | number | undefined;
  group?: string | number | undefined;
  /** What must be so before it starts; with a list, `ready`. It is stopped before them. */
  needs?: readonly string[] | Readonly<Record<string, Need | undefined>> | undefined;
  /** When it counts as ready. Default: a `fork` with `listen`, or a route to it, by `listen`, a `host` by `call`, others as soon as they run. */
  ready?: ReadySpec | undefined;
  /** Asked again and again once it is ready. Default: not at all. */
  health?: HealthSpec | undefined;
  restart?: RestartPolicy | RestartSpec | undefined;
  stop?: StopSpec | undefined;
  /** The listeners that each instance gets: as `inherited(name)`, as `LISTEN_FDS`, and for an unmodified Node.js server. */
  listen?: readonly Listener[] | undefined;
  /** `shared`: all instances accept from one socket; `reusePort`: each has one of its own (Linux). Default `shared`. */
  share?: 'shared' | 'reusePort' | undefined;
  logs?: LogSpec | undefined;
  /** An instance that needs more than this, three times in a row, is replaced: `512MB` or a number of bytes. */
  memory?: string | number | MemorySpec | undefined;
  /** What is done about a blocked event loop, for `fork` and `host`. Default `{ afterMs: 10_000 }`; false: nothing. */
  hang?: false | HangSpec | undefined;
  /** Started at these times instead of at once. A string needs croner, which the command brings. */
  schedule?: string | Schedule | { cron: string; timeZone?: string | undefined } | undefined;
  /** Files and folders, relative to the config, whose change restarts it. For development. */
  watch?: readonly string[] | WatchSpec | undefined;
  /** What becomes of it when the keeper is killed. Default `die`. */
  onParentDeath?: OnParentDeath | undefined;
  reload?: ReloadSpec | undefined;
}

/** `started`: it runs; `ready`; `healthy`: its health was asked once, and is good; `ended`: it has run through, with exit code 0. */
export type Need = 'started' | 'ready' | 'healthy' | 'ended';

/** In 30 s by default (`timeoutMs`), else it has failed. */
export type ReadySpec =
  /**
   * `call`: it has called `ready()` of `kindred/process`. `listen`, of a `fork`: its servers listen at all that it is
   * given, or it has called `ready()`. `notify`: `READY=1` by sd_notify, which needs `socat`.
   */
  'call' | 'listen' | 'notify' | ReadyBy;

export type ReadyBy = { timeoutMs?: number | undefined } & (
  | { by: 'call' | 'listen' | 'notify' | 'start' }
  /** A line `READY=1` on this descriptor of it. */
  | { fd: number }
  /** Something accepts there: `host:port`, a port of 127.0.0.1, or an address. */
  | { tcp: string | number }
  /** Answers with a status of 200 to 399. */
  | { http: string }
  /** A line of its output that holds this text, or matches. */
  | { output: string | RegExp }
  /** The file is there, and newer than the start. */
  | { file: string }
);

export type HealthSpec = {
  /** Default 10,000. */
  everyMs?: number | undefined;
  /** Default 1000. */
  timeoutMs?: number | undefined;
  /** So many failures in a row, and the instance is replaced. Default 3. */
  failures?: number | undefined;
} & (
  | { tcp: string | number }
  | { http: string }
  | { command: readonly [command: string, ...args: string[]] }
  /** A function of a service at an address: healthy where it returns anything but false. */
  | { call: string; at: string }
);

export interface StopSpec {
  /** Default `SIGTERM`. */
  signal?: NodeJS.Signals | undefined;
  /** Before SIGKILL to all that it has started, in milliseconds. Default 10,000. */
  graceMs?: number | undefined;
  /** After it is out of the routes and before the signal, in milliseconds. Default 0. */
  drainMs?: number | undefined;
}

export interface LogSpec {
  /** Of one file. Default 10 MB. */
  maxBytes?: number | undefined;
  /** With the one that is written to. Default 5. */
  files?: number | undefined;
  /** Default `text`: a time, the stream and the line. `json`: an object a line. */
  format?: 'text' | 'json' | undefined;
}

export interface MemorySpec {
  max: string | number;
  /** Default 5000. */
  everyMs?: number | undefined;
  /** Samples in a row. Default 3. */
  times?: number | undefined;
}

export interface HangSpec {
  /** How long the event loop may be blocked, in milliseconds. Default 10,000. */
  afterMs?: number | undefined;
}

/** Any value that knows its next time; a `Cron` of croner is one. */
export interface Schedule {
  nextRun(after: Date): Date | null;
}

export interface WatchSpec {
  paths: readonly string[];
  /** Default 200. */
  debounceMs?: number | undefined;
  /** Names of files and folders that do not count. Default: `node_modules` and all that begins with a dot. */
  ignore?: readonly string[] | undefined;
}

export interface ReloadSpec {
  /** So many new instances are started before old ones are drained. Default 1. */
  surge?: number | undefined;
  /** How long a new one must be healthy before an old one goes, in milliseconds. Default 5000. */
  healthyMs?: number | undefined;
}

export interface RouteSpec {
  /** The service whose instances get the connections, with `fork` or `host`. It does not name the listener in `listen`. */
  to: string;
  /** Read from the config by another process. Default: the one with the fewest connections. */
  pick?: Rule | undefined;
}
