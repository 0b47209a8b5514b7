/**
 * What is restarted when an instance has ended. The meaning is that of Erlang/OTP's supervisor, in all but three things:
 *
 * - a group that has restarted too often fails, which counts as an abnormal end: a `transient` one is restarted by the group
 *   above (in OTP such a supervisor ends with `shutdown`, and is not);
 * - what somebody has stopped stays stopped when its group is restarted;
 * - nothing falls with the top: a group there that fails or ends stays so until somebody starts it.
 *
 * ```
 *   child:  due --started--> running --exit--> due                      (it is restarted)
 *                                    --exit--> ended                    (not to be restarted)
 *           due, running --with its group--> due | ended | failed
 *           any --asked--> stopped --asked--> due                       (also from ended and failed)
 *   group:  (alive) --restarted too often--> failed --the group above--> (alive), or that one fails
 *                   --its significant members have ended--> ended
 * ```
 * All is data: the state can be written down, and gone on with by another process.
 */
import type { Exit } from '../../process/outcome.ts';
import { type Child, childrenBelow, groupsBelow, type Tree, type TreeGroup } from './tree.ts';

/** `due`: it is to be started, or being stopped for that. */
export type Phase = 'due' | 'running' | 'stopped' | 'ended' | 'failed';

/** `normal`: exit code 0; `shutdown`: it has ended because it was asked to, by others than us (SIGTERM, SIGINT, SIGHUP); `abnormal`: all else. */
export type HowEnded = 'normal' | 'shutdown' | 'abnormal';

/** JSON. Children and groups that it does not name are as at the start: due, alive, never restarted. */
export interface TreeState {
  readonly phases: Readonly<Record<Child, Phase>>;
  readonly groups: Readonly<Record<string, GroupState>>;
}

export interface GroupState {
  /** When its members were restarted, as far as it counts. */
  readonly restartsMs: readonly number[];
  readonly end?: 'failed' | 'ended' | undefined;
}

/**
 * To be done in this order: stop all of `stop` (what does not run: give up starting it), and when all of them are gone start
 * all of `start`. A later decision holds for the children that it names.
 */
export interface Decision {
  /** In the reversed order of start; never the one that has ended. */
  readonly stop: readonly Child[];
  /** In order. */
  readonly start: readonly Child[];
  /** Groups (an instance in no group is one) that have failed, and stay so: innermost first. */
  readonly failed: readonly string[];
  /** Children and groups that have ended, and are not restarted. */
  readonly ended: readonly string[];
  /** What each group has done about it, innermost first: for whoever asks why. */
  readonly steps: readonly Step[];
}

export interface Step {
  readonly group: string;
  readonly did: 'restart' | 'fail' | 'end' | 'let-go';
  /** The child or group that it was about. */
  readonly about: string;
  /** Restarts that count, this one included. */
  readonly restarts: number;
}

/** What an exit code or signal means to a restart policy. */
export function howEnded({ exitCode, signal }: Exit): HowEnded {
  if (signal === null) return exitCode === 0 ? 'normal' : 'abnormal';
  return askingSignals.has(signal) ? 'shutdown' : 'abnormal';
}

const askingSignals: ReadonlySet<string> = new Set(['SIGTERM', 'SIGINT', 'SIGHUP']);

export const freshState: TreeState = { phases: {}, groups: {} };

/** Right before a child is started: from now on its end counts. */
export function onStarted(state: TreeState, child: Child): TreeState {
  return { ...state, phases: { ...state.phases, [child]: 'running' } };
}

/** A child has ended, or could not be started. The end of one that does not count as running was asked for: nothing follows. */
export function onExit(
  tree: Tree,
  state: TreeState,
  child: Child,
  how: HowEnded,
  nowMs: number,
): { state: TreeState; decision: Decision } {
  const spec = tree.children.get(child);
  if (spec === undefined || phaseOf(state, child) !== 'running') return { state, decision: nothing };
  const work = new Work(tree, state, nowMs);
  work.memberEnded({ ...spec, name: child, kind: 'child' }, how);
  return { state: work.state, decision: work.decision(child) };
}

/** Somebody has asked for it: their ends do not count, and no restart of a group starts them. */
export function onStop(state: TreeState, children: readonly Child[]): TreeState {
  return { ...state, phases: { ...state.phases, ...every(children, 'stopped') } };
}

/** Somebody has asked for it: they are due, and groups above them that have failed or ended are alive, with nothing counted. */
export function onStart(tree: Tree, state: TreeState, children: readonly Child[]): TreeState {
  const groups = { ...state.groups };
  for (const child of children)
    for (let at = tree.children.get(child)?.group; at !== undefined; at = tree.groups.get(at)?.parent)
      if (endOfGroup(state, at) !== undefined) delete groups[at];
  const due = children.filter((child) => phaseOf(state, child) !== 'running');
  return { phases: { ...state.phases, ...every(due, 'due') }, groups };
}

export function phaseOf(state: TreeState, child: Child): Phase {
  return state.phases[child] ?? 'due';
}

export function endOfGroup(state: TreeState, group: string): 'failed' | 'ended' | undefined {
  // A group may have the name of what every object inherits.
  return Object.hasOwn(state.groups, group) ? state.groups[group]?.end : undefined;
}

const nothing: Decision = { stop: [], start: [], failed: [], ended: [], steps: [] };

interface Ended {
  readonly kind: 'child' | 'group';
  readonly name: string;
  /** The group that it stands in. */
  readonly group: string;
  readonly restart: 'permanent' | 'transient' | 'temporary';
  readonly significant: boolean;
}

/** One decision while it is made: what ends inside goes up until a group has an answer. */
class Work {
  readonly #tree: Tree;
  readonly #nowMs: number;
  readonly #phases: Record<Child, Phase>;
  readonly #groups: Record<string, GroupState>;
  readonly #stop = new Set<Child>();
  readonly #start = new Set<Child>();
  readonly #failed: string[] = [];
  readonly #ended: string[] = [];
  readonly #steps: Step[] = [];

  constructor(tree: Tree, state: TreeState, nowMs: number) {
    this.#tree = tree;
    this.#nowMs = nowMs;
    this.#phases = { ...state.phases };
    this.#groups = { ...state.groups };
  }

  get state(): TreeState {
    return { phases: this.#phases, groups: this.#groups };
  }

  decision(gone: Child): Decision {
    this.#stop.delete(gone);
    const order = [...this.#tree.groups.values()]
      .filter(({ parent }) => parent === undefined)
      .flatMap(({ name }) => childrenBelow(this.#tree, name));
    return {
      stop: order.filter((child) => this.#stop.has(child)).reverse(),
      start: order.filter((child) => this.#start.has(child)),
      // What a group further up has restarted after all has neither failed nor ended.
      failed: this.#failed.filter((name) => this.#groupState(name).end !== undefined),
      ended: this.#ended.filter(
        (name) => !this.#isAlive(this.#tree.children.has(name) ? 'child' : 'group', name),
      ),
      steps: this.#steps,
    };
  }

  memberEnded(member: Ended, how: HowEnded): void {
    const group = this.#tree.groups.get(member.group) as TreeGroup;
    const isRestarted =
      member.restart === 'permanent' || (member.restart === 'transient' && how === 'abnormal');
    if (isRestarted) this.#restart(group, member);
    else this.#letGo(group, member, how);
  }

  #letGo(group: TreeGroup, member: Ended, how: HowEnded): void {
    if (member.kind === 'child') this.#phases[member.name] = 'ended';
    if (member.kind === 'group' && how === 'abnormal') this.#failed.push(member.name);
    else this.#ended.push(member.name);
    this.#note(group, 'let-go', member.name);
    if (this.#shutsDown(group, member)) this.#endGroup(group, 'ended', member.name);
  }

  #restart(group: TreeGroup, member: Ended): void {
    const { restarts, withinMs } = group.intensity;
    // A time ahead of now is of a clock that has jumped.
    const counted = this.#groupState(group.name).restartsMs.filter(
      (atMs) => atMs <= this.#nowMs && this.#nowMs - atMs <= withinMs,
    );
    // More than these are never needed to know that there were too many.
    const restartsMs = [...counted, this.#nowMs].slice(-(restarts + 1));
    this.#groups[group.name] = { ...this.#groupState(group.name), restartsMs };
    if (restartsMs.length > restarts) return this.#endGroup(group, 'failed', member.name);
    this.#note(group, 'restart', member.name);
    const at = group.members.findIndex(({ name }) => name === member.name);
    for (const [index, { kind, name }] of group.members.entries()) {
      if (index === at) this.#renew(kind, name);
      else if (group.strategy === 'one-for-all' || (group.strategy === 'rest-for-one' && index > at))
        this.#renewSibling(kind, name);
    }
  }

  #renewSibling(kind: 'child' | 'group', name: string): void {
    const policy =
      kind === 'child' ? this.#tree.children.get(name)?.restart : this.#tree.groups.get(name)?.restart;
    // What is temporary is never restarted, for whatever reason it ends.
    if (policy !== 'temporary') return this.#renew(kind, name);
    if (this.#isAlive(kind, name)) this.#ended.push(name);
    this.#takeDown(kind, name, 'ended');
  }

  #renew(kind: 'child' | 'group', name: string): void {
    const children = kind === 'child' ? [name] : childrenBelow(this.#tree, name);
    // A group that is started again is a new one: nothing counts against it, and its ended members come again.
    if (kind === 'group')
      for (const group of [name, ...groupsBelow(this.#tree, name)]) delete this.#groups[group];
    for (const child of children) {
      const phase = this.#phaseOf(child);
      if (phase === 'stopped') continue;
      if (phase === 'running' || phase === 'due') this.#stop.add(child);
      this.#phases[child] = 'due';
      this.#start.add(child);
    }
  }

  #takeDown(kind: 'child' | 'group', name: string, end: 'failed' | 'ended'): void {
    const children = kind === 'child' ? [name] : childrenBelow(this.#tree, name);
    if (kind === 'group')
      for (const group of [name, ...groupsBelow(this.#tree, name)])
        this.#groups[group] = { restartsMs: [], end };
    for (const child of children) {
      const phase = this.#phaseOf(child);
      this.#start.delete(child);
      if (phase !== 'running' && phase !== 'due') continue;
      this.#stop.add(child);
      this.#phases[child] = end;
    }
  }

  /** All in it goes down; then it is up to the group above. */
  #endGroup(group: TreeGroup, end: 'failed' | 'ended', about: string): void {
    this.#note(group, end === 'failed' ? 'fail' : 'end', about);
    this.#takeDown('group', group.name, end);
    if (group.parent === undefined) {
      (end === 'failed' ? this.#failed : this.#ended).push(group.name);
      return;
    }
    const { name, parent, restart, significant } = group;
    this.memberEnded(
      { kind: 'group', name, group: parent, restart, significant },
      end === 'failed' ? 'abnormal' : 'shutdown',
    );
  }

  #shutsDown({ autoShutdown, members }: TreeGroup, member: Ended): boolean {
    if (!member.significant || autoShutdown === 'never') return false;
    if (autoShutdown === 'any-significant') return true;
    return !members.some(({ kind, name }) => this.#isSignificant(kind, name) && this.#isAlive(kind, name));
  }

  #isSignificant(kind: 'child' | 'group', name: string): boolean {
    return (
      (kind === 'child' ? this.#tree.children.get(name) : this.#tree.groups.get(name))?.significant === true
    );
  }

  #isAlive(kind: 'child' | 'group', name: string): boolean {
    if (kind === 'group') return this.#groupState(name).end === undefined;
    const phase = this.#phaseOf(name);
    return phase === 'running' || phase === 'due';
  }

  #note(group: TreeGroup, did: Step['did'], about: string): void {
    this.#steps.push({
      group: group.name,
      did,
      about,
      restarts: this.#groupState(group.name).restartsMs.length,
    });
  }

  #phaseOf(child: Child): Phase {
    return this.#phases[child] ?? 'due';
  }

  #groupState(group: string): GroupState {
    return (Object.hasOwn(this.#groups, group) && this.#groups[group]) || { restartsMs: [] };
  }
}

function every(children: readonly Child[], phase: Phase): Record<Child, Phase> {
  return Object.fromEntries(children.map((child) => [child, phase]));
}
