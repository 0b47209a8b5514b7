/** The files of a log: `web.1.log`, which is written to, and before it `web.1.log.1`, `web.1.log.2` and so on, ever older. */
import { join } from 'node:path';
import { KindredError } from '../../base/errors.ts';

/** `age` 0 is the one that is written to. Throws `ERR_BAD_ARGUMENT` for a name that could lead elsewhere. */
export function logFile(directory: string, log: string, age: number): string {
  checkLogName(log);
  return join(directory, age === 0 ? `${log}.log` : `${log}.log.${age}`);
}

/** Which log a file is of, and its age; undefined: of none. */
export function logOfFile(file: string): { log: string; age: number } | undefined {
  const [, log, age = '0'] = /^(.+?)\.log(?:\.([1-9]\d{0,8}))?$/.exec(file) ?? [];
  return log === undefined ? undefined : { log, age: Number(age) };
}

const longestName = 200;

export function checkLogName(log: string): void {
  if (!/^[^./\\\0][^/\\\0]*$/.test(log) || log.length > longestName || /\.log(\.|$)/.test(log))
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      `${JSON.stringify(log)} cannot be the name of a log: it names a file, so give it at most ${longestName} characters, no dot at its start, no '/' and no '.log'`,
    );
}
