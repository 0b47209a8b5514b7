/** A stack as units of systemd: a service that says when it is ready and proves that it lives, and a socket for each listener. */
import { isIPv6 } from 'node:net';

export interface UnitPlan {
  /** Of the stack. */
  name: string;
  config: string;
  /** The folder of the config. */
  directory: string;
  /** What starts the command: the path of Node.js, its flags, the path of the command. */
  command: readonly string[];
  listeners: readonly {
    name: string;
    address: string;
    backlog?: number | undefined;
    mode?: number | undefined;
  }[];
  /** The stack runs as this user; only for units of the system. */
  user?: string | undefined;
  /** Of the system, or of one user (`systemctl --user`). */
  of: 'system' | 'user';
}

export interface Unit {
  file: string;
  text: string;
}

/** Seconds without a sign of life of the brain until systemd starts the stack again. */
const watchdogSeconds = 30;
/** Seconds that starting and stopping may take; what a config allows its services lies within, by default. */
const startSeconds = 180;
const stopSeconds = 120;

export function unitsOf(plan: UnitPlan): Unit[] {
  const base = `kindred-${escapeName(plan.name)}`;
  const sockets = plan.listeners.flatMap((listener): Unit[] => {
    const stream = streamOf(listener.address);
    if (stream === undefined) return [];
    return [
      {
        file: `${base}-${escapeName(listener.name)}.socket`,
        text: unit([
          ['Unit', [`Description=Listener ${text(listener.name)} of the stack ${text(plan.name)}`]],
          [
            'Socket',
            [
              `ListenStream=${text(stream)}`,
              `FileDescriptorName=${text(listener.name)}`,
              `Service=${base}.service`,
              ...(listener.backlog === undefined ? [] : [`Backlog=${listener.backlog}`]),
              ...(stream.startsWith('/') && listener.mode !== undefined
                ? [`SocketMode=0${listener.mode.toString(8)}`]
                : []),
            ],
          ],
          ['Install', ['WantedBy=sockets.target']],
        ]),
      },
    ];
  });
  const needed = sockets.map(({ file }) => file);
  const service = unit([
    [
      'Unit',
      [
        `Description=Kindred stack ${text(plan.name)}`,
        ...(plan.of === 'system' ? ['Wants=network-online.target', 'After=network-online.target'] : []),
        ...(needed.length === 0 ? [] : [`Requires=${needed.join(' ')}`, `After=${needed.join(' ')}`]),
      ],
    ],
    [
      'Service',
      [
        'Type=notify',
        // What is told comes from systemd-notify, a process of its own.
        'NotifyAccess=all',
        `ExecStart=${[...plan.command, 'up', '--config', plan.config, '--name', plan.name].map(word).join(' ')}`,
        'ExecReload=/bin/kill -HUP $MAINPID',
        `WorkingDirectory=${text(plan.directory)}`,
        ...(plan.user === undefined ? [] : [`User=${text(plan.user)}`]),
        `WatchdogSec=${watchdogSeconds}`,
        `TimeoutStartSec=${startSeconds}`,
        `TimeoutStopSec=${stopSeconds}`,
        'Restart=on-failure',
        'RestartSec=1',
        // The stack ends its services in order; what is left after that is killed.
        'KillMode=mixed',
        // As Node.js wants its sockets, also where another program of the stack shares one.
        'NonBlocking=yes',
        'Delegate=yes',
        // One service that needs too much memory is not the end of all.
        'OOMPolicy=continue',
      ],
    ],
    ['Install', [plan.of === 'system' ? 'WantedBy=multi-user.target' : 'WantedBy=default.target']],
  ]);
  return [{ file: `${base}.service`, text: service }, ...sockets];
}

function unit(sections: readonly (readonly [string, readonly string[]])[]): string {
  return `${sections.map(([title, lines]) => [`[${title}]`, ...lines].join('\n')).join('\n\n')}\n`;
}

/** How systemd writes the address; undefined where the stack must open it itself. */
function streamOf(address: string): string | undefined {
  if (address.startsWith('unix:')) return address.slice('unix:'.length).replace(/^\/\//, '');
  const [, host = '', port] = /^tcp:\/\/(.*):(\d+)$/.exec(address) ?? [];
  if (port === undefined || port === '0') return undefined;
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (bare === 'localhost') return `127.0.0.1:${port}`;
  if (isIPv6(bare)) return `[${bare}]:${port}`;
  // A name of another kind would have to be looked up: the stack does that when it starts.
  return /^\d+(\.\d+){3}$/.test(bare) ? `${bare}:${port}` : undefined;
}

/** In the name of a unit, as systemd-escape does it. */
function escapeName(name: string): string {
  return [...Buffer.from(name)]
    .map((byte, i) => {
      const char = String.fromCharCode(byte);
      return /[a-zA-Z0-9:_]/.test(char) || (char === '.' && i > 0)
        ? char
        : `\\x${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}

/** A value that is the rest of its line: percent signs begin specifiers. */
function text(value: string): string {
  return value.replaceAll('%', '%%').replaceAll(/[\r\n]/g, ' ');
}

/** One word of a command line. */
function word(value: string): string {
  const escaped = text(value).replaceAll('$', '$$$$');
  if (/^[\w@%+=:,./$-]+$/.test(escaped)) return escaped;
  return `"${escaped.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
