/** What is to end with a child: it alone, or its group, its cgroup, its descendants. */
import type { ChildProcess } from 'node:child_process';
import { KindredError } from '../base/errors.ts';
import type { Cgroup } from './cgroup.ts';
import { identityOfProcess, isSame, type ProcessIdentity, signalProcess } from './process-identity.ts';
import type { ProcessStat, ProcessSystem } from './process-system.ts';
import { followTree } from './process-tree.ts';

export interface EndingScope {
  /** There may be others than the child, whose end nobody tells. */
  readonly isTree: boolean;
  /** Sends to all that run. Throws `ERR_NOT_PERMITTED` where the child is not to be signalled by this user. */
  send(signal: NodeJS.Signals): void;
  /** Looks again who is there. To be called at the exit of the child, in the same turn. */
  lookAtExit(): void;
  /** Those that have not ended, for errors. */
  left(): string[];
  /** Descendants that run. */
  survivors(): ProcessIdentity[];
}

export interface ScopeOptions {
  /**
   * What ends with it. Default `false`: nothing. `group`: the process group that it leads (it was started `detached`).
   * `cgroup`: all that is in `cgroup`. `true`: the best there is: its `cgroup`, else its group; and those of its
   * descendants that are in its session.
   *
   * Descendants are found in /proc; where there is none (macOS) `true` means the group, where it leads one, and no
   * survivors are told. On Windows there is nothing but the child.
   */
  tree?: boolean | 'group' | 'cgroup' | undefined;
  /** The cgroup that the child was started in (`inCgroup`), of which it and its descendants are the only members. */
  cgroup?: Cgroup | undefined;
  /** With `tree`: descendants that have left the tree (`setsid`) end with it. Default false: they are told as survivors. */
  killSurvivors?: boolean | undefined;
}

/** Throws `ERR_BAD_ARGUMENT` and `ERR_NOT_SUPPORTED` for a tree that there is not. */
export function endingScope(
  child: ChildProcess,
  pid: number,
  { tree = false, cgroup, killSurvivors = false }: ScopeOptions,
  system: ProcessSystem,
): EndingScope {
  if (![false, true, 'group', 'cgroup'].includes(tree))
    throw wrong(`tree is ${JSON.stringify(tree)}: it is true, false, group or cgroup`);
  if (tree === 'cgroup' && cgroup === undefined)
    throw wrong('tree is cgroup, but no cgroup is given: give the one that the child was started in');
  const hasExited = (): boolean => child.exitCode !== null || child.signalCode !== null;
  // The pid is the child's own for as long as its exit was not seen.
  const root = hasExited() ? undefined : identityOfProcess(pid, system);
  const family = root === undefined || tree === false ? undefined : followTree(root, system);
  const ownCgroup = tree === true || tree === 'cgroup' ? cgroup : undefined;
  const usesGroup =
    family?.leadsGroup === true && (tree === 'group' || (tree === true && ownCgroup === undefined));
  if (tree === 'group' && family !== undefined && !usesGroup)
    throw process.platform === 'win32'
      ? new KindredError('ERR_NOT_SUPPORTED', 'there are no process groups on Windows')
      : wrong(`process ${pid} leads no process group: start it with detached: true`);
  /** Belong to another user, and are let alone. */
  const spared: ProcessStat[] = [];

  const insiders = (): ProcessStat[] =>
    (ownCgroup?.members() ?? []).flatMap((member) => {
      const stat = system.stat(member.pid);
      return stat !== undefined && isSame(member, stat) && !stat.ended ? [stat] : [];
    });
  const isMeant = ({ group, session }: ProcessStat): boolean =>
    killSurvivors || (usesGroup && group === pid) || (tree === true && session === family?.session);
  const identityOf = ({ pid, started }: ProcessStat): ProcessIdentity => ({ pid, started, boot: root?.boot });

  /** All that are to end, but for the child itself. */
  function others(): ProcessStat[] {
    const found = new Map<number, ProcessStat>();
    for (const stat of insiders()) if (stat.pid !== root?.pid) found.set(stat.pid, stat);
    for (const stat of family?.look() ?? []) if (isMeant(stat)) found.set(stat.pid, stat);
    return [...found.values()].filter((stat) => !spared.some((each) => isSame(each, stat)));
  }

  function send(signal: NodeJS.Signals): void {
    const meant = others();
    if (signal === 'SIGKILL') ownCgroup?.kill();
    const viaGroup = usesGroup && family?.signalGroup(signal) === 'sent';
    const isReached = (stat: ProcessStat | undefined): boolean =>
      viaGroup && (stat === undefined || stat.group === pid);
    if (root !== undefined && !hasExited()) {
      const stat = system.stat(pid);
      if (!isReached(stat)) signalProcess(root, signal, system);
      if (stat?.stopped) wakeUp(root, signal);
    }
    for (const stat of meant)
      try {
        if (!isReached(stat)) signalProcess(identityOf(stat), signal, system);
        if (stat.stopped) wakeUp(identityOf(stat), signal);
      } catch (error) {
        if ((error as KindredError).code !== 'ERR_NOT_PERMITTED') throw error;
        spared.push(stat);
      }
  }

  /** A process that is stopped hears nothing but SIGKILL. */
  function wakeUp(identity: ProcessIdentity, signal: NodeJS.Signals): void {
    if (signal !== 'SIGKILL') signalProcess(identity, 'SIGCONT', system);
  }

  return {
    isTree: tree !== false,
    send,
    lookAtExit: () => void family?.look(true),
    left: () => [
      ...(hasExited() ? [] : [`process ${pid}`]),
      ...others().map((stat) => `process ${stat.pid}`),
      ...(usesGroup && family?.hasUnseen() ? [`process group ${pid}`] : []),
    ],
    survivors() {
      const found = new Map([...(family?.look() ?? []), ...insiders()].map((stat) => [stat.pid, stat]));
      return [...found.values()].map(identityOf);
    },
  };
}

function wrong(message: string): KindredError {
  return new KindredError('ERR_BAD_ARGUMENT', message);
}
