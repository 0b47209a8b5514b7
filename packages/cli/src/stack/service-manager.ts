/**
 * What systemd is told of a stack in the foreground, through the program `systemd-notify`: that it is ready, that it lives,
 * that it reloads, that it ends. Does nothing where nobody asked for it (`NOTIFY_SOCKET`).
 */
import { execFile } from 'kindred/process';

export interface ServiceManager {
  /** How often it wants a sign of life, in milliseconds; undefined: never. */
  readonly watchdogMs: number | undefined;
  /** `READY=1`, `STATUS=...`, `WATCHDOG=1`, `RELOADING=1`, `STOPPING=1`. Resolves when systemd has it; false where it could not be told. */
  tell(...words: string[]): Promise<boolean>;
}

export interface ManagerOptions {
  env?: NodeJS.ProcessEnv | undefined;
  pid?: number | undefined;
  /** Runs the program with these arguments; true where it has ended with 0. */
  notify?: ((args: readonly string[], socket: string) => Promise<boolean>) | undefined;
}

/** Takes the variables out of the environment: they are for this process alone. */
export function serviceManager({
  env = process.env,
  pid = process.pid,
  notify = systemdNotify,
}: ManagerOptions = {}): ServiceManager | undefined {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: microseconds, WATCHDOG_PID: whose } = env;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
  if (socket === undefined || socket === '') return undefined;
  const watched = whose === undefined || whose === '' || Number(whose) === pid;
  const limitMs = watched ? Number(microseconds) / 1000 : Number.NaN;
  return {
    // Twice as often as it must be, as sd_watchdog_enabled(3) advises.
    watchdogMs: limitMs > 0 ? Math.max(1, Math.floor(limitMs / 2)) : undefined,
    tell: (...words) => notify(words, socket),
  };
}

const notifyTimeoutMs = 5000;

async function systemdNotify(words: readonly string[], socket: string): Promise<boolean> {
  try {
    const { exitCode } = await execFile('systemd-notify', words, {
      env: { ...process.env, NOTIFY_SOCKET: socket },
      timeout: notifyTimeoutMs,
    });
    return exitCode === 0;
  } catch {
    return false;
  }
}
