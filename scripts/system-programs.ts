// The programs that the system tests talk to, and the Debian packages they come in.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const programs = [
  { program: 'nc', debian: 'netcat-openbsd' },
  { program: 'socat', debian: 'socat' },
  { program: 'python3', debian: 'python3' },
  { program: 'jq', debian: 'jq' },
  { program: 'ps', debian: 'procps' },
  { program: 'bash', debian: 'bash' },
  { program: 'zsh', debian: 'zsh' },
  { program: 'fish', debian: 'fish' },
  { program: 'setpriv', debian: 'util-linux' },
  { program: 'setsid', debian: 'util-linux' },
  { program: 'mount', debian: 'mount' },
  { program: 'unshare', debian: 'util-linux' },
  { program: 'script', debian: 'bsdutils' },
  { program: 'ip', debian: 'iproute2' },
  { program: 'systemd-analyze', debian: 'systemd' },
  { program: 'systemd-socket-activate', debian: 'systemd' },
];

export function missingPrograms(): typeof programs {
  return programs.filter(({ program }) => !isOnPath(program));
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
