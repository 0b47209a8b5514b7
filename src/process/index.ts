/** `kindred/process`: starting, wiring and ending processes. */
export { channelVariable } from './channel-variable.ts';
export type { AnyChild, Child, ChildChannel, TerminateOptions } from './child.ts';
export type { CollectOptions } from './collect.ts';
export { extendEnv } from './environment.ts';
export {
  type ExecCallback,
  type ExecError,
  type ExecFileOptions,
  type ExecOptions,
  type Execution,
  exec,
  execFile,
} from './exec.ts';
export { ChildOutcome, type Exit } from './outcome.ts';
export type { LineOptions } from './output.ts';
export { type ForkOptions, fork, type SpawnOptions, spawn } from './spawn.ts';
export type { Stdio, StdioFile, StdioForm } from './stdio.ts';
export { execFileSync, execSync, spawnSync } from './sync.ts';
