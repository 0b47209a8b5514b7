/** A stack whose config was found good: every default filled in, paths absolute, counts and sizes as numbers. */
import type { Rule } from '../../handles/rules.ts';
import type { OnParentDeath } from '../../process/parent-death.ts';
import type { Mistake } from './mistake.ts';
import type { Intensity, Need, RestartPolicy, Strategy } from './stack.ts';

export interface CheckedStack {
  readonly name: string;
  /** The file that it came from; absent where it was given as a value. */
  readonly file?: string | undefined;
  /** What relative paths are relative to. */
  readonly directory: string;
  /** In the order of the config. */
  readonly listeners: Readonly<Record<string, CheckedListener>>;
  /** The groups that the config names. */
  readonly groups: Readonly<Record<string, CheckedGroup>>;
  /** In the order of the config. */
  readonly services: Readonly<Record<string, CheckedService>>;
  readonly routes: Readonly<Record<string, CheckedRoute>>;
  /** What is allowed, and most likely not meant. */
  readonly remarks: readonly Mistake[];
}

export interface CheckedListener {
  readonly name: string;
  readonly address: string;
  readonly backlog: number;
  /** Of a Unix domain socket's file; undefined for others. */
  readonly mode?: number | undefined;
}

export interface CheckedGroup {
  readonly name: string;
  readonly members: readonly string[];
  readonly strategy: Strategy;
  readonly intensity: Intensity;
  readonly restart: RestartPolicy;
  readonly significant: boolean;
  readonly autoShutdown: 'never' | 'any-significant' | 'all-significant';
}

export interface CheckedRoute {
  readonly to: string;
  readonly pick?: Rule | undefined;
}

export interface CheckedService {
  readonly name: string;
  readonly program: Program;
  readonly instances: number;
  /** All that it gets: of the supervisor, of the stack, of its own, each above the one before. */
  readonly env: Readonly<Record<string, string>>;
  /** The part of it that the config says; null: taken away. */
  readonly ownEnv: Readonly<Record<string, string | null>>;
  readonly cwd: string;
  readonly user?: string | number | undefined;
  readonly group?: string | number | undefined;
  readonly needs: Readonly<Record<string, Need>>;
  readonly ready: CheckedReady;
  readonly health?: CheckedHealth | undefined;
  readonly restart: CheckedRestart;
  readonly stop: { readonly signal: NodeJS.Signals; readonly graceMs: number; readonly drainMs: number };
  readonly listen: readonly string[];
  /** Listeners whose connections are given to it by a route. */
  readonly routed: readonly string[];
  readonly share: 'shared' | 'reusePort';
  readonly logs: CheckedLogs;
  readonly memory?:
    | { readonly maxBytes: number; readonly everyMs: number; readonly times: number }
    | undefined;
  readonly hang?: { readonly afterMs: number } | undefined;
  readonly schedule?: CheckedSchedule | undefined;
  readonly watch?:
    | {
        readonly paths: readonly string[];
        readonly debounceMs: number;
        readonly ignore?: readonly string[] | undefined;
      }
    | undefined;
  readonly onParentDeath: OnParentDeath;
  readonly reload: { readonly surge: number; readonly healthyMs: number };
}

export type Program =
  | { readonly kind: 'run'; readonly command: string; readonly args: readonly string[] }
  /** `module`: an absolute path. */
  | {
      readonly kind: 'fork' | 'host';
      readonly module: string;
      readonly args: readonly string[];
      readonly execArgv: readonly string[];
    };

export interface CheckedRestart {
  readonly policy: RestartPolicy;
  readonly firstMs: number;
  readonly maxMs: number;
  readonly resetAfterMs: number;
  readonly intensity: Intensity;
  readonly significant: boolean;
}

export type CheckedReady = { readonly timeoutMs: number } & (
  | { readonly by: 'call' | 'listen' | 'notify' | 'start' }
  | { readonly by: 'fd'; readonly fd: number }
  /** `address`: `tcp:` or `unix:`. */
  | { readonly by: 'tcp'; readonly address: string }
  | { readonly by: 'http'; readonly url: string }
  /** `text`: what a line holds; `pattern`: what it matches. */
  | { readonly by: 'output'; readonly text: string }
  | { readonly by: 'output'; readonly pattern: RegExp }
  /** An absolute path. */
  | { readonly by: 'file'; readonly file: string }
);

export type CheckedHealth = {
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly failures: number;
} & (
  | { readonly by: 'tcp'; readonly address: string }
  | { readonly by: 'http'; readonly url: string }
  | { readonly by: 'command'; readonly command: string; readonly args: readonly string[] }
  | { readonly by: 'call'; readonly method: string; readonly at: string }
);

export interface CheckedLogs {
  readonly maxBytes: number;
  readonly files: number;
  readonly format: 'text' | 'json';
}

export interface CheckedSchedule {
  /** How the config says it. */
  readonly text: string;
  nextRun(after: Date): Date | null;
}
