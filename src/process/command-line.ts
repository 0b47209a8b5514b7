/** A program and its arguments, as one who starts them sees them. */
import { basename } from 'node:path';
import { KindredError } from '../base/errors.ts';

/** For logs and errors: at most 80 characters. */
export function nameOf(command: string, args: readonly string[]): string {
  const shown = [basename(command), ...args].join(' ');
  return shown.length > 80 ? `${shown.slice(0, 77)}...` : shown;
}

/** Throws `ERR_BAD_ARGUMENT` where a shell would read arguments. */
export function checkShell(name: string, shell: boolean | string | undefined, args: readonly string[]): void {
  if (shell === undefined || shell === false || args.length === 0) return;
  throw new KindredError(
    'ERR_BAD_ARGUMENT',
    `${name}: with a shell the command is the whole line, and arguments would become its syntax: leave out shell, or hand them over in env`,
    { outcome: 'not-sent' },
  );
}
