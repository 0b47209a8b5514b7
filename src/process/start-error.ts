/** Why a program did not start: from what the system says to what the caller can mend. */
import { accessSync, constants, statSync } from 'node:fs';
import { type ErrorCode, KindredError } from '../base/errors.ts';

/** What was to be started, as the caller gave it. */
export interface Attempt {
  /** For the message. */
  name: string;
  command: string;
  cwd?: string | URL | undefined;
}

/** Whether an error came from the system, which could not start the program, and not from a wrong argument. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).errno === 'number';
}

/**
 * One code for each thing that can be mended. The system names the program also where it was the directory that could not
 * be entered, so that is looked at first.
 */
export function startError(attempt: Attempt, cause: NodeJS.ErrnoException): KindredError {
  const [code, why] = reasonOf(attempt, cause);
  return new KindredError(code, `${attempt.name} could not be started: ${why}`, {
    cause,
    outcome: 'not-sent',
  });
}

function reasonOf({ command, cwd }: Attempt, cause: NodeJS.ErrnoException): [ErrorCode, string] {
  switch (cause.code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'EACCES': {
      const unfit = cwd === undefined ? undefined : unfitDirectory(cwd);
      if (unfit !== undefined) return ['ERR_BAD_CWD', `its working directory ${String(cwd)} ${unfit}`];
      return cause.code === 'EACCES' ? notExecutable(command) : notFound(command);
    }
    case 'ENOEXEC':
      return ['ERR_NOT_EXECUTABLE', `${command} is neither a program nor a script with a #! line`];
    case 'E2BIG':
      return [
        'ERR_ARGUMENTS_TOO_LONG',
        'its arguments and environment are longer than the system takes: hand them over through stdin or a file',
      ];
    case 'EPERM':
      return ['ERR_NOT_PERMITTED', 'only root may start it as another user or with another group'];
    default:
      return ['ERR_START_FAILED', cause.message];
  }
}

function notFound(command: string): [ErrorCode, string] {
  if (!command.includes('/')) return ['ERR_COMMAND_NOT_FOUND', `there is no ${command} on the PATH`];
  if (exists(command))
    return ['ERR_COMMAND_NOT_FOUND', `the program that the #! line of ${command} names is not there`];
  return ['ERR_COMMAND_NOT_FOUND', `there is no file ${command}`];
}

function notExecutable(command: string): [ErrorCode, string] {
  return [
    'ERR_NOT_EXECUTABLE',
    `${command} may not be executed by this user: chmod +x, or a mount without noexec`,
  ];
}

/** What is wrong with it; undefined where nothing is. */
function unfitDirectory(cwd: string | URL): string | undefined {
  try {
    if (!statSync(cwd).isDirectory()) return 'is no directory';
    accessSync(cwd, constants.X_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'may not be entered' : 'does not exist';
  }
}

function exists(file: string): boolean {
  try {
    statSync(file);
    return true;
  } catch {
    return false;
  }
}
