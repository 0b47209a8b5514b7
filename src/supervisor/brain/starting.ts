/** How a process of a service is started: what is recorded of it, what the keeper is told, and what is made of its answer. */
import { pathToFileURL } from 'node:url';
import { planAgent, planHost } from '../agent/agent-plan.ts';
import type { ReadyPlan } from '../checks/ready.ts';
import type { ListenerEntry, StartSpec } from '../keeper/keeper.ts';
import { onStarted } from '../rules/strategy.ts';
import type { CheckedService } from '../stack/checked-stack.ts';
import { type Life, newLife, type Slot } from './crew.ts';
import type { Engine } from './engine.ts';

/** Starts a process in a slot: as the one that serves, or beside it. */
export function start(
  engine: Engine,
  slot: Slot,
  as: 'main' | 'next' = 'main',
  cause?: number,
  what: Pick<Slot, 'spec' | 'generation'> = slot,
): Life {
  const life = newLife(slot, engine.seams.wallClock(), what);
  engine.lives.set(life.id, life);
  slot[as] = life;
  const isRestart = as === 'main' && slot.rest === 'backoff';
  if (as === 'main') {
    engine.restarts.state = onStarted(engine.restarts.state, slot.key);
    if (isRestart) slot.restarts++;
    slot.notBefore = undefined;
    slot.behind = undefined;
    slot.isDue = false;
    slot.waitsFor = '';
  }
  engine.move(
    life,
    'starting',
    `${slot.key} is ${isRestart ? 'started again' : 'started'}`,
    cause ?? slot.event,
  );
  launch(engine, life);
  return life;
}

/** The start, as an effect: the plan of how it is seen to be ready first, because it may add to it. */
function launch(engine: Engine, life: Life): void {
  const { keeper, checks, directory, listeners } = engine.seams;
  engine.effect(async () => {
    let plan: ReadyPlan | undefined;
    try {
      plan = await checks.planReady(life.spec.ready, { id: life.id, directory, user: life.spec.user });
      const entry = await keeper.start(startSpec(life, plan, listeners));
      engine.post({ kind: 'started', id: life.id, entry, plan });
    } catch (error) {
      plan?.close();
      engine.post({ kind: 'not-started', id: life.id, error });
    }
  });
}

/** What of a plan to be ready goes into the start. */
type Additions = Pick<ReadyPlan, 'env' | 'lines' | 'readyLine'>;

export function startSpec(
  { id, slot, spec }: Pick<Life, 'id' | 'slot' | 'spec'>,
  ready: Additions,
  listeners: ReadonlyMap<string, ListenerEntry>,
): StartSpec {
  const program = programOf(spec, listeners);
  return {
    id,
    command: program.command,
    args: program.args,
    env: { ...spec.env, ...program.env, ...ready.env, KINDRED_INSTANCE: String(slot.instance) },
    cwd: spec.cwd,
    user: spec.user,
    group: spec.group,
    onParentDeath: spec.onParentDeath,
    log: slot.key,
    logs: spec.logs,
    listeners: spec.listen,
    routed: spec.routed,
    lines: [...ready.lines, ...program.lines],
    readyLine: ready.readyLine,
  };
}

function programOf(
  { program, listen, routed, hang, ready, stop: { graceMs } }: CheckedService,
  open: ReadonlyMap<string, ListenerEntry>,
): Additions & { command: string; args: readonly string[] } {
  if (program.kind === 'run') return { command: program.command, args: program.args, env: {}, lines: [] };
  const listeners = listen.flatMap((name) => open.get(name) ?? []);
  const given = routed.flatMap((name) => open.get(name) ?? []);
  const agent = planAgent({
    listeners,
    routed: given,
    hang: hang ?? false,
    readyByListening: ready.by === 'listen',
    graceMs,
  });
  const main =
    program.kind === 'fork'
      ? [program.module]
      : planHost(pathToFileURL(program.module), [...listeners, ...given], graceMs);
  return {
    command: process.execPath,
    args: [...agent.execArgv, ...program.execArgv, ...main, ...program.args],
    env: agent.env,
    lines: agent.lines,
  };
}
