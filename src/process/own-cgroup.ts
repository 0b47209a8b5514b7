/** Where the cgroup of this process is in the file system. */

/** The directory of the cgroup (version 2) that this process is in; undefined where there is none to be seen. */
export function ownCgroup(): string | undefined {
  try {
    const { readFileSync } = fs();
    return findCgroup(
      readFileSync('/proc/self/mountinfo', 'utf8'),
      readFileSync('/proc/self/cgroup', 'utf8'),
    );
  } catch {
    return undefined;
  }
}

/** From the lines of /proc/self/mountinfo and /proc/self/cgroup. */
export function findCgroup(mounts: string, own: string): string | undefined {
  const path = /^0::(\/.*)$/m.exec(own)?.[1];
  // Outside of what this process can see: of another cgroup namespace.
  if (path === undefined || path.startsWith('/..')) return undefined;
  for (const line of mounts.split('\n')) {
    // 31 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw
    const [before = '', after = ''] = line.split(' - ');
    if (!after.startsWith('cgroup2 ')) continue;
    const [, , , root = '/', at = ''] = before.split(' ').map(unescapeOctal);
    const shown = root === '/' ? '' : root;
    if (path === shown || path.startsWith(`${shown}/`))
      return `${at === '/' ? '' : at}${path.slice(shown.length)}`.replace(/(.)\/$/, '$1');
  }
  return undefined;
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}

/** To import it costs every program 3 ms, also those that have no cgroup. */
function fs() {
  return process.getBuiltinModule('node:fs');
}
