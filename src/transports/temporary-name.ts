/** Names of passing files in the runtime directory. They tell whose they are, so that those of the dead can be swept. */
import { identityOfProcess, type ProcessIdentity } from '../process/process-identity.ts';
import { randomBytes } from './cryptography.ts';

/** `.PID.START.RANDOM`, the numbers in base 36. (The boot is not told: files of an earlier one are swept as soon as the pid is free.) */
export function temporaryName({ pid, started }: ProcessIdentity = identityOfProcess(process.pid)): string {
  return `.${pid.toString(36)}.${started?.toString(36) ?? ''}.${randomBytes(4).toString('hex')}`;
}

/** The longest such name. */
export const longestTemporaryName: number = '.'.length + 5 + '.'.length + 11 + '.'.length + 8;

export function ownerOfTemporary(name: string): ProcessIdentity | undefined {
  const [, pid = '', started = ''] = /^\.([0-9a-z]{1,6})\.([0-9a-z]{0,11})\.[0-9a-f]{8}$/.exec(name) ?? [];
  if (pid === '') return undefined;
  return {
    pid: Number.parseInt(pid, 36),
    started: started === '' ? undefined : Number.parseInt(started, 36),
  };
}
