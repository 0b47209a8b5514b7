/** The program of util-linux that sets what a process has before another program runs in it. */
import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { resolveProgram } from './resolve-program.ts';

/** Not along the PATH: it runs as root. */
const paths = ['/usr/bin/setpriv', '/bin/setpriv', '/run/current-system/sw/bin/setpriv'];

/** Undefined where there is none. That of busybox is of the same name, and sets neither groups nor a signal. */
export function findSetpriv(): string | undefined {
  return paths.find(
    (path) => resolveProgram(path, { env: {} }) !== undefined && basename(realpathSync(path)) !== 'busybox',
  );
}
