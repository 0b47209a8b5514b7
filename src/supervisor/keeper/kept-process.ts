/**
 * One process of the keeper: how it is started, and how it is ended with all that it has started.
 *
 * ```
 *   running --exit--> ended    (its own child: how it ended is known)
 *   running --gone--> ended    (one that a keeper before this has started: only that it has ended)
 * ```
 */
import { ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import { listenFds } from '../../handles/listen-fds.ts';
import type { Exit } from '../../process/outcome.ts';
import {
  identityOfProcess,
  isAlive,
  type ProcessIdentity,
  signalProcess,
} from '../../process/process-identity.ts';
import { followTree } from '../../process/process-tree.ts';
import { resolveProgram } from '../../process/resolve-program.ts';
import { spawn } from '../../process/spawn.ts';
import { terminate } from '../../process/terminate.ts';
import type { Descriptors } from './descriptors.ts';
import type { Fifo } from './fifos.ts';
import type { ProcessEntry, StartSpec } from './keeper.ts';
import type { SharedLook } from './shared-look.ts';

export interface KeptProcess {
  readonly entry: ProcessEntry;
  /** Pipes that are its alone. */
  readonly lines: readonly Fifo[];
  readonly exited: Promise<Exit>;
  /** It was asked to, and what it has started has its grace. */
  readonly isEnding: boolean;
  /** Asks it to end, after the grace kills it and all that descends from it; once more: the shorter grace counts. Resolves when all is gone. */
  end(signal: NodeJS.Signals, graceMs: number): Promise<void>;
  signal(signal: NodeJS.Signals, whom: 'process' | 'tree'): 'sent' | 'gone';
}

/** What it is given. Descriptors of lines by the name of their line, those of listeners by the name of the listener. */
export interface Endowment {
  descriptors: Descriptors;
  out: Fifo;
  err: Fifo;
  lines: ReadonlyMap<string, Fifo>;
  listeners: ReadonlyMap<string, number>;
  /** Tells whose it is: see `leftovers.ts`. */
  mark: Readonly<Record<string, string>>;
  /** Of one that takes connections: whose channel it is. */
  onChild(child: ChildProcess): void;
}

export interface ProcessSurroundings {
  clock: Clock;
  wallClock: () => number;
  look: SharedLook;
}

/** Throws the codes of `spawn`. */
export async function startProcess(
  spec: StartSpec,
  given: Endowment,
  { clock, wallClock, look }: ProcessSurroundings,
): Promise<KeptProcess> {
  const lasting = spec.onParentDeath === 'survive';
  const own: number[] = [];
  const end = (fifo: Fifo): number => {
    const fd = fifo.openEnd(lasting);
    own.push(fd);
    return fd;
  };
  try {
    const std = ['ignore', end(given.out), end(given.err)] as const;
    const { places } = given.descriptors;
    const behind = places.slice(spec.listeners.length).map((place) => {
      const fifo = typeof place === 'object' && 'line' in place ? given.lines.get(place.line) : undefined;
      return fifo === undefined ? 'ignore' : end(fifo);
    });
    const base = { ...spec.env, ...given.descriptors.env, ...given.mark };
    const asked = { command: spec.command, args: [...spec.args], stdio: [...std], env: base };
    // The shell that tells the listeners would hide that there is no such program.
    const isThere = resolveProgram(spec.command, { env: base, cwd: spec.cwd }) !== undefined;
    const plan =
      given.listeners.size > 0 && isThere
        ? listenFds(Object.fromEntries(given.listeners), spec.command, spec.args, { stdio: std, env: base })
        : asked;
    const child = spawn(plan.command, plan.args, {
      name: spec.id,
      // Nothing of Kindred's calls goes over it.
      channel: 'none',
      stdio: [...plan.stdio, ...behind, ...((spec.routed ?? []).length > 0 ? ['ipc' as const] : [])],
      env: plan.env,
      cwd: spec.cwd,
      user: spec.user,
      group: spec.group,
      detached: true,
      onParentDeath: spec.onParentDeath,
    });
    // Before anybody else hears of it, and looks who is left.
    child.prependOnceListener('exit', () => {
      if (hasGroup(child.pid as number)) look.renew();
    });
    if (child.pid === undefined) await child.exited;
    const identity = identityOfProcess(child.pid as number);
    const entry: ProcessEntry = {
      spec,
      identity,
      startedAt: wallClock(),
      lines: Object.fromEntries([...given.lines].map(([to, { path }]) => [to, path])),
    };
    const asNode = child as unknown as ChildProcess;
    if ((spec.routed ?? []).length > 0) given.onChild(asNode);
    return keep(entry, [...given.lines.values()], asNode, child.exited, { clock, look });
  } finally {
    for (const fd of own) closeSync(fd);
  }
}

/** Whether it has left members of the process group that it led. */
function hasGroup(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

const lookEveryMs = 250;

/** One that outlived the keeper that had started it: nobody tells of its end, so it is looked for again and again. */
export function adoptProcess(
  entry: ProcessEntry,
  lines: readonly Fifo[],
  { clock, look }: Omit<ProcessSurroundings, 'wallClock'>,
): KeptProcess {
  const stand = standInFor(entry.identity);
  const exited = new Promise<Exit>((resolve) => {
    const ask = (): void => {
      if (isAlive(entry.identity)) {
        clock.after(lookEveryMs, ask).unref();
        return;
      }
      look.renew();
      stand.over();
      resolve({ exitCode: null, signal: null });
    };
    ask();
  });
  const kept = keep(entry, lines, stand.child, exited, { clock, look });
  return {
    entry,
    lines,
    exited,
    signal: kept.signal,
    get isEnding() {
      return kept.isEnding;
    },
    // Whoever has its number now is none of ours.
    end: async (signal, graceMs) =>
      isAlive(entry.identity) ? kept.end(signal, graceMs) : void (await exited),
  };
}

function keep(
  entry: ProcessEntry,
  lines: readonly Fifo[],
  child: ChildProcess,
  exited: Promise<Exit>,
  { clock, look }: Omit<ProcessSurroundings, 'wallClock'>,
): KeptProcess {
  let ending: { done: Promise<void>; hurry: AbortController; untilMs: number } | undefined;
  return {
    entry,
    lines,
    exited,
    get isEnding() {
      return ending !== undefined;
    },
    end(signal, graceMs) {
      const untilMs = clock.now() + graceMs;
      if (ending !== undefined) {
        const { hurry, untilMs: before } = ending;
        if (untilMs >= before) return ending.done;
        ending.untilMs = untilMs;
        clock.after(graceMs, () => hurry.abort()).unref();
        return ending.done;
      }
      const hurry = new AbortController();
      const options = { signal, graceMs, hurry: hurry.signal, tree: true, killSurvivors: true } as const;
      const done = terminate(child, options, { clock, system: look }).then(
        () => undefined,
        (error) => {
          // It may be tried again.
          ending = undefined;
          throw error;
        },
      );
      ending = { done, hurry, untilMs };
      return done;
    },
    signal(signal, whom) {
      const { identity } = entry;
      if (whom === 'process') return signalProcess(identity, signal);
      const members = followTree(identity).look();
      const sent = [identity, ...members].map(({ pid, started }) =>
        signalProcess({ pid, started, boot: identity.boot }, signal),
      );
      return sent.includes('sent') ? 'sent' : 'gone';
    },
  };
}

/** For what ends a child: one of which nothing is known but its identity. */
function standInFor({ pid }: ProcessIdentity): { child: ChildProcess; over(): void } {
  const child = new ChildProcess();
  Object.assign(child, { pid, exitCode: null, signalCode: null });
  return {
    child,
    over() {
      // That it has ended is all that counts.
      Object.assign(child, { exitCode: 0 });
      child.emit('exit', null, null);
    },
  };
}
