/** What `doctor` looks at. Nothing here changes anything; what cannot be looked at is left out. */
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { homedir, platform, userInfo } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { describePid1, ownCgroup } from 'kindred/process';
import type { LocalSurvey } from 'kindred/supervisor';
import { sizeOf } from './figures.ts';

/** `broken`: a stack will not run, or not safely; `note`: something is not possible, or may surprise. */
export type Level = 'ok' | 'note' | 'broken';

export interface Finding {
  level: Level;
  about: string;
  text: string;
  mend?: string;
}

/** The machine, so that a test can be any. */
export interface Machine {
  nodeVersion: string;
  platform: NodeJS.Platform;
  pid: number;
  uid: number;
  env: NodeJS.ProcessEnv;
  cgroup: string | undefined;
  survey: LocalSurvey;
  /** The text of a file; undefined where it cannot be read. */
  read(path: string): string | undefined;
  exists(path: string): boolean;
  canWrite(path: string): boolean;
  /** It, or where it would be made: the directory above it that is there. */
  nearest(path: string): string;
  freeBytes(path: string): number | undefined;
  userName: string;
}

/** What a stack of some size needs. */
const wantedFiles = 4096;
const wantedFreeBytes = 500_000_000;

export async function findings(machine?: Machine): Promise<Finding[]> {
  const looked = machine ?? thisMachine(await survey());
  return [
    nodeVersion,
    pid1,
    cgroup,
    files,
    processes,
    runtimeDirectory,
    sockets,
    disk,
    helpers,
    lingering,
    migration,
  ].flatMap((look) => look(looked));
}

async function survey(): Promise<LocalSurvey> {
  const { surveyLocal } = await import('kindred/supervisor');
  return surveyLocal();
}

function nodeVersion({ nodeVersion }: Machine): Finding[] {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const old = major < 22 || (major === 22 && minor < 18);
  return [
    old
      ? { level: 'broken', about: 'Node.js', text: nodeVersion, mend: 'install Node.js 22.18 or later' }
      : { level: 'ok', about: 'Node.js', text: nodeVersion },
  ];
}

function pid1({ pid, read }: Machine): Finding[] {
  const text = describePid1(pid);
  if (text !== undefined) {
    const [what = text, mend] = text.split('. Start it ');
    return [
      {
        level: 'note',
        about: 'PID 1',
        text: what,
        ...(mend === undefined ? {} : { mend: `start it ${mend}` }),
      },
    ];
  }
  const init = read('/proc/1/comm')?.trim();
  if (init === undefined) return [];
  if (/^node|^kindred/.test(init))
    return [
      {
        level: 'note',
        about: 'PID 1',
        text: `is ${init}, which does not reap orphans: they stay zombies when they end`,
        mend: 'start the container with an init: docker run --init, tini, or shareProcessNamespace of Kubernetes',
      },
    ];
  return [{ level: 'ok', about: 'PID 1', text: init }];
}

function cgroup({ platform, cgroup, canWrite }: Machine): Finding[] {
  if (platform !== 'linux') return [];
  if (cgroup === undefined)
    return [
      {
        level: 'note',
        about: 'cgroup',
        text: 'there is none of version 2 that this process is in, so that processes which leave their tree cannot be held together',
        mend: 'boot with systemd.unified_cgroup_hierarchy=1; in a container mount cgroup2 at /sys/fs/cgroup',
      },
    ];
  if (!canWrite(cgroup) || !canWrite(join(cgroup, 'cgroup.procs')))
    return [
      {
        level: 'note',
        about: 'cgroup',
        text: `${cgroup} is not delegated to this user`,
        mend: 'under systemd set Delegate=yes (kindred export systemd does); in a container mount /sys/fs/cgroup writable',
      },
    ];
  return [{ level: 'ok', about: 'cgroup', text: `${cgroup} is delegated` }];
}

function limitOf({ read }: Machine, name: string): { soft: number; hard: number } | undefined {
  const [, soft, hard] =
    new RegExp(`^${name} +(\\S+) +(\\S+)`, 'm').exec(read('/proc/self/limits') ?? '') ?? [];
  if (soft === undefined || hard === undefined) return undefined;
  const number = (text: string): number => (text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text));
  return { soft: number(soft), hard: number(hard) };
}

function files(machine: Machine): Finding[] {
  const limit = limitOf(machine, 'Max open files');
  if (limit === undefined) return [];
  if (limit.soft < wantedFiles)
    return [
      {
        level: 'note',
        about: 'open files',
        text: `at most ${limit.soft}: each instance takes about 4, each connection one`,
        mend:
          limit.hard > limit.soft
            ? `ulimit -n ${limit.hard}, or LimitNOFILE= in the unit of systemd`
            : 'raise the hard limit: nofile in /etc/security/limits.conf, or LimitNOFILE= in the unit of systemd',
      },
    ];
  return [{ level: 'ok', about: 'open files', text: `up to ${limit.soft}` }];
}

function processes(machine: Machine): Finding[] {
  const limit = limitOf(machine, 'Max processes');
  if (limit === undefined) return [];
  if (limit.soft < 512)
    return [
      {
        level: 'note',
        about: 'processes',
        text: `at most ${limit.soft} of this user; a process of Node.js counts about 11, as threads do too`,
        mend: 'ulimit -u, nproc in /etc/security/limits.conf, or TasksMax= in the unit of systemd',
      },
    ];
  return [
    {
      level: 'ok',
      about: 'processes',
      text: limit.soft === Number.POSITIVE_INFINITY ? 'no limit' : `up to ${limit.soft}`,
    },
  ];
}

function runtimeDirectory({ survey: { directory, fault } }: Machine): Finding[] {
  if (directory === undefined) return [];
  const about = 'runtime directory';
  if (fault === undefined) return [{ level: 'ok', about, text: directory }];
  // What is wrong stands before the last colon of the message, what to do behind it.
  const [, text = fault, mend] = /^(.*): ([^:]*)$/.exec(fault) ?? [];
  return [{ level: 'broken', about, text, ...(mend === undefined ? {} : { mend }) }];
}

function sockets({ survey: { endpoints, fault } }: Machine): Finding[] {
  if (fault !== undefined) return [];
  const stale = endpoints.filter(({ alive }) => !alive);
  const alive = endpoints.length - stale.length;
  return [
    {
      level: 'ok',
      about: 'local endpoints',
      text: alive === 0 ? 'none answers' : alive === 1 ? 'one answers' : `${alive} answer`,
    },
    ...stale.map(
      ({ name, socket }): Finding => ({
        level: 'note',
        about: 'stale socket',
        text: `local:${name} was left by a process that died`,
        mend: `nothing has to be done: the next server of that name replaces it; or rm ${socket}`,
      }),
    ),
  ];
}

function disk({ freeBytes, env, nearest, canWrite }: Machine): Finding[] {
  const state = env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state');
  const logs = join(state, 'kindred');
  const there = nearest(logs);
  if (!canWrite(there))
    return [
      {
        level: 'broken',
        about: 'disk',
        text: `logs are kept in ${logs}, and this user cannot write to ${there}`,
        mend: 'let the user write there, or set XDG_STATE_HOME to a directory where it can',
      },
    ];
  const free = freeBytes(there);
  if (free === undefined) return [];
  if (free < wantedFreeBytes)
    return [
      {
        level: 'note',
        about: 'disk',
        text: `${sizeOf(free)} are free where logs are kept, ${logs}; where it is full, lines are dropped and counted`,
        mend: 'make room, set XDG_STATE_HOME to another disk, or keep less: logs: { maxBytes, files } in the config',
      },
    ];
  return [{ level: 'ok', about: 'disk', text: `${sizeOf(free)} are free for logs in ${logs}` }];
}

/** Programs of the system that some settings need. */
const helperPrograms = [
  { program: 'socat', for: "ready: 'notify' (sd_notify)", debian: 'socat' },
  { program: 'systemd-notify', for: 'telling systemd, with kindred export systemd', debian: 'systemd' },
  { program: 'setpriv', for: 'user: and group: of services', debian: 'util-linux', root: true },
  { program: 'mkfifo', for: 'the pipes of every service', debian: 'coreutils', always: true },
] as const;

function helpers({ platform, env, exists, uid }: Machine): Finding[] {
  if (platform !== 'linux') return [];
  const isThere = (program: string): boolean =>
    (env['PATH'] ?? '').split(delimiter).some((folder) => folder !== '' && exists(join(folder, program)));
  const missing = helperPrograms.filter(
    (helper) => !isThere(helper.program) && !('root' in helper && uid !== 0),
  );
  if (missing.length === 0)
    return [{ level: 'ok', about: 'helpers', text: helperPrograms.map(({ program }) => program).join(', ') }];
  return missing.map((helper) => ({
    level: 'always' in helper ? 'broken' : 'note',
    about: helper.program,
    text: `is not there: it is needed for ${helper.for}`,
    mend: `apt-get install ${helper.debian}, or that package of your system`,
  }));
}

/** Services of a user under systemd end with the last login, unless the user lingers. */
function lingering({ uid, userName, exists }: Machine): Finding[] {
  if (uid === 0 || !exists('/run/systemd/system') || exists(`/var/lib/systemd/linger/${userName}`)) return [];
  return [
    {
      level: 'note',
      about: 'systemd',
      text: `what ${userName} runs ends with the last login, and does not start at boot`,
      mend: `loginctl enable-linger ${userName}`,
    },
  ];
}

/** With `share: 'reusePort'`, an instance that exits resets the connections that wait for it, unless the kernel moves them. */
function migration({ read }: Machine): Finding[] {
  const setting = read('/proc/sys/net/ipv4/tcp_migrate_req')?.trim();
  if (setting === undefined || setting === '1') return [];
  return [
    {
      level: 'note',
      about: 'reusePort',
      text: "net.ipv4.tcp_migrate_req is 0: with share: 'reusePort' a reload can lose connections that wait to be accepted",
      mend: "sysctl net.ipv4.tcp_migrate_req=1, or leave share at 'shared', which loses none",
    },
  ];
}

function thisMachine(survey: LocalSurvey): Machine {
  const tried = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch {
      return undefined;
    }
  };
  return {
    nodeVersion: process.versions.node,
    platform: platform(),
    pid: process.pid,
    uid: process.geteuid?.() ?? -1,
    env: process.env,
    cgroup: ownCgroup(),
    survey,
    read: (path) => tried(() => readFileSync(path, 'utf8')),
    exists: existsSync,
    // Files can be made in a directory alone.
    canWrite: (path) =>
      tried(() => accessSync(path, constants.W_OK) ?? statSync(path).isDirectory()) ?? false,
    nearest(path) {
      let there = path;
      while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
      return there;
    },
    freeBytes(path) {
      const stats = tried(() => statfsSync(path));
      return stats === undefined ? undefined : stats.bavail * stats.bsize;
    },
    userName: tried(() => userInfo().username) ?? String(process.geteuid?.() ?? ''),
  };
}
