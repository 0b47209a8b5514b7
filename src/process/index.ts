/** `kindred/process`: starting, wiring and ending processes. */
export {
  type Cgroup,
  type CgroupWaitOptions,
  type Command,
  createCgroup,
  inCgroup,
  openCgroup,
} from './cgroup.ts';
export { channelVariable } from './channel-variable.ts';
export type { AnyChild, Child, ChildChannel } from './child.ts';
export type { CollectOptions } from './collect.ts';
export { type Daemon, type DaemonOptions, daemonize } from './daemonize.ts';
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
export { exitCodeOfSignal, exitCodes } from './exit-codes.ts';
export { ExitError, exitCodeOf } from './exit-error.ts';
export type { Flush } from './flush-output.ts';
export { configureShutdown, onShutdown, shutdown } from './on-shutdown.ts';
export { ChildOutcome, type Exit } from './outcome.ts';
export type { LineOptions } from './output.ts';
export { ownCgroup } from './own-cgroup.ts';
export type { OnParentDeath } from './parent-death.ts';
export { parentVariable } from './parent-tie.ts';
export { describePid1 } from './pid-1.ts';
export { type PidFile, type PidFileOptions, readPidFile, writePidFile } from './pid-file.ts';
export { type DropOptions, type Dropped, dropPrivileges } from './privileges.ts';
export { identityOfProcess, isAlive, type ProcessIdentity, signalProcess } from './process-identity.ts';
export { ready, readyVariable } from './ready.ts';
export { type Main, type RunOptions, run } from './run.ts';
export type {
  ShutdownHandler,
  ShutdownHandlerOptions,
  ShutdownReason,
  ShutdownSettings,
} from './shutdown.ts';
export { type ForkOptions, fork, type SpawnOptions, spawn } from './spawn.ts';
export type { Stdio, StdioFile, StdioForm } from './stdio.ts';
export { execFileSync, execSync, spawnSync } from './sync.ts';
export { type TerminateOptions, type Termination, terminate } from './terminate.ts';
