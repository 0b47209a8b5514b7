/** What a running stack can be told and asked, answered by its brain. */

import { readFileSync } from 'node:fs';
import { KindredError } from '../../base/errors.ts';
import { pause } from '../../base/pause.ts';
import type {
  Change,
  Control,
  ListenerStatus,
  LogRecord,
  LogRequest,
  Progress,
  StackEvent,
  StackStatus,
} from '../control/control.ts';
import { readLogs } from '../logger/read-logs.ts';
import { type ChangePlan, changePlan } from '../rules/change-plan.ts';
import type { CheckedStack } from '../stack/checked-stack.ts';
import { describeStack } from '../stack/describe-stack.ts';
import { crewsOf } from './asks.ts';
import { type Brain, openListener } from './brain.ts';
import type { Engine } from './engine.ts';
import { checkRules } from './routing.ts';
import { instancesOf, servicesOf } from './status.ts';
import { textOf } from './text-of.ts';
import { areDown, areReloaded, areUp, carry, changed, checkServices, type Verdict } from './verbs.ts';

export interface ControlOptions {
  /** Reads the config again. */
  load: () => Promise<CheckedStack>;
  /** Has another brain take over, and tells its pid. Absent in the process of whoever uses it: nobody else can be the brain. */
  replace?: (() => Promise<number>) | undefined;
}

const goodbyeMs = 100;

export function createControl(brain: Brain, { load, replace }: ControlOptions): Control {
  const { engine, table } = brain;
  const startedAt = engine.seams.wallClock();
  const isInProcess = replace === undefined;
  let finishing: Promise<void> | undefined;
  /** Once all services are down. */
  const finish = (): Promise<void> => {
    finishing ??= untilDown(engine).then(async () => {
      // Whoever hears of it over a line is to hear the last word, too.
      if (!isInProcess) await pause(goodbyeMs, engine.seams.clock);
      await endAll(brain);
    });
    return finishing;
  };
  // The brain before was asked to.
  if (engine.isGoingDown) finish().catch(() => {});

  const planTo = (next: CheckedStack): ChangePlan => {
    checkRules(next);
    const running = Object.fromEntries([...engine.crews].map(([name, { wanted }]) => [name, wanted]));
    return changePlan(describeStack(engine.stack), describeStack(next), running);
  };
  const named = (services: readonly string[]): string =>
    services.length === 0 ? 'all services' : services.join(', ');
  const verb = (
    ask: { verb: 'start' | 'stop' | 'restart' | 'rollback'; services: readonly string[] },
    verdict: (since: number) => Verdict,
  ): AsyncGenerator<Progress, void> => {
    checkServices(engine, ask.services);
    return carry(engine, ask, `${ask.verb} of ${named(ask.services)} was asked for`, ask.services, verdict);
  };

  return {
    async status(): Promise<StackStatus> {
      const { name, file } = engine.stack;
      return {
        name,
        config: file,
        startedAt: table.startedAt,
        keeper: isInProcess
          ? undefined
          : { pid: table.keeper.pid, memoryBytes: residentBytes(table.keeper.pid) },
        brain: {
          pid: process.pid,
          startedAt,
          restarts: table.restarts.brain,
          memoryBytes: process.memoryUsage.rss(),
        },
        listeners: [...engine.seams.listeners.values()].map(({ name, address, bound }) => ({
          name,
          address,
          bound,
          route: routeOf(engine, name),
        })),
        services: servicesOf(engine),
        instances: instancesOf(engine),
      };
    },
    async plan(): Promise<Change[]> {
      return [...planTo(await load()).changes];
    },
    async *apply() {
      const next = await load();
      const { changes, steps } = planTo(next);
      await moveListeners(brain, next, steps);
      const services = [
        ...new Set([
          ...steps.remove,
          ...steps.reload,
          ...steps.restart,
          ...steps.add,
          ...steps.scale.map(({ service }) => service),
        ]),
      ];
      const kinds = changes.map(({ kind }) => kind);
      const text = `the config was read again: ${kinds.length === 0 ? 'nothing differs' : `${kinds.length} changes`}`;
      if (changes.length === 0) {
        yield { at: engine.seams.wallClock(), kind: 'done', text };
        return;
      }
      const kept = services.filter((name) => !steps.remove.includes(name));
      yield* carry(engine, { verb: 'apply', stack: next, steps }, text, services, (since) => {
        if (steps.remove.some((name) => engine.crews.has(name))) return undefined;
        const reloaded = steps.reload.length === 0 ? done : areReloaded(engine, steps.reload, since);
        if (reloaded?.kind !== 'done') return reloaded;
        if (kept.length === 0) return done;
        return areUp(engine, kept);
      });
    },
    start: (services) => verb({ verb: 'start', services }, () => areUp(engine, services)),
    stop: (services) => verb({ verb: 'stop', services }, () => areDown(engine, services)),
    restart: (services) => verb({ verb: 'restart', services }, (since) => areUp(engine, services, since)),
    rollback(services) {
      return verb({ verb: 'rollback', services }, () => {
        const names = crewsOf(engine, services).map(({ name }) => name);
        return names.some((name) => engine.reloads.has(name))
          ? undefined
          : { kind: 'done', text: `${named(services)} as before` };
      });
    },
    reload(services, { canary } = {}) {
      checkServices(engine, services);
      if (canary !== undefined && !(Number.isSafeInteger(canary) && canary > 0))
        throw new KindredError('ERR_BAD_ARGUMENT', `canary is ${canary}: it takes a whole number above 0`);
      const text = `reload of ${named(services)} was asked for${canary === undefined ? '' : `, ${canary} first`}`;
      return carry(engine, { verb: 'reload', services, canary }, text, services, (since) =>
        areReloaded(engine, services, since),
      );
    },
    scale(service, instances) {
      checkServices(engine, [service]);
      if (!(Number.isSafeInteger(instances) && instances >= 0 && instances <= maxInstances))
        throw new KindredError(
          'ERR_BAD_ARGUMENT',
          `${instances} instances of ${service}: it takes a whole number from 0 to ${maxInstances}`,
        );
      const text = `${instances} instances of ${service} were asked for`;
      return carry(engine, { verb: 'scale', service, instances }, text, [service], () => {
        const tooMany = engine.crews.get(service)?.slots.some((slot) => slot.instance > instances) === true;
        return tooMany ? undefined : areUp(engine, [service]);
      });
    },
    events: ({ after = 0, follow = false } = {}) => eventsOf(engine, after, follow),
    logs: (query) => logsOf(brain, query),
    async why(service) {
      checkServices(engine, [service]);
      return engine.book.why(service);
    },
    async upgrade() {
      if (replace === undefined)
        throw new KindredError(
          'ERR_NOT_SUPPORTED',
          'this stack is supervised in the process that uses it: start it with startStack, or kindred up, to replace its brain',
        );
      return { brain: await replace(), keeper: 'kept' };
    },
    down() {
      const progress = carry(engine, { verb: 'down' }, 'it was asked to go down', [], () =>
        areDown(engine, []),
      );
      const finished = finish();
      return (async function* () {
        yield* progress;
        if (isInProcess) await finished;
      })();
    },
  };
}

/** Of one process alone; undefined where there is no /proc. */
function residentBytes(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}

const done: Verdict = { kind: 'done', text: 'the config is in force' };
/** More processes of one service than any machine has use for. */
const maxInstances = 10_000;

async function untilDown(engine: Engine): Promise<void> {
  while (areDown(engine, []) === undefined && !engine.isClosed) await changed(engine);
}

/** All services are down: the keeper ends what is left, and itself. */
async function endAll({ keeper, close }: Brain): Promise<void> {
  try {
    await keeper.stop();
  } catch (error) {
    if (!(error instanceof KindredError)) throw error;
  } finally {
    close();
  }
}

/** Opened first: where one cannot be, nothing has changed. */
function routeOf({ stack, routers }: Engine, listener: string): ListenerStatus['route'] {
  const to = stack.routes[listener]?.to;
  return to === undefined ? undefined : { to, pid: routers.get(listener) };
}

async function moveListeners(
  { engine, keeper }: Brain,
  next: CheckedStack,
  { closeListeners, openListeners }: ChangePlan['steps'],
): Promise<void> {
  const { listeners } = engine.seams;
  const moved = new Set(closeListeners.filter((name) => openListeners.includes(name)));
  const opened: string[] = [];
  try {
    for (const name of openListeners) {
      const spec = next.listeners[name];
      if (spec === undefined) continue;
      if (moved.has(name)) await keeper.closeListener(name);
      listeners.set(name, await openListener(keeper, next, spec));
      // Its router has gone with the one before.
      engine.routes.delete(name);
      opened.push(name);
    }
  } catch (error) {
    for (const name of opened) await keeper.closeListener(name);
    for (const name of [...opened, ...moved]) {
      listeners.delete(name);
      engine.routes.delete(name);
      const before = engine.stack.listeners[name];
      if (before !== undefined) listeners.set(name, await openListener(keeper, engine.stack, before));
    }
    throw error;
  }
  for (const name of closeListeners)
    if (!moved.has(name)) {
      await keeper.closeListener(name);
      listeners.delete(name);
    }
}

async function* eventsOf(engine: Engine, after: number, follow: boolean): AsyncGenerator<StackEvent, void> {
  let told = after;
  for (;;) {
    for (const event of engine.book.since(told)) {
      told = event.sequence;
      yield event;
    }
    if (!follow || engine.isClosed) return;
    if (engine.book.last === told) await changed(engine);
  }
}

async function* logsOf(
  { engine }: Brain,
  { services, since, tail, grep, follow }: LogRequest,
): AsyncGenerator<LogRecord, void> {
  if (services !== undefined) checkServices(engine, services);
  const logs = services && crewsOf(engine, services).flatMap(({ slots }) => slots.map(({ key }) => key));
  let pattern: RegExp | undefined;
  try {
    pattern = grep === undefined ? undefined : new RegExp(grep);
  } catch (cause) {
    throw new KindredError('ERR_BAD_ARGUMENT', `grep: ${textOf(cause)}`, { cause });
  }
  const stop = new AbortController();
  try {
    yield* readLogs(
      engine.seams.logDirectory,
      { logs, since, tail, grep: pattern, follow },
      { signal: stop.signal },
    );
  } finally {
    stop.abort();
  }
}
