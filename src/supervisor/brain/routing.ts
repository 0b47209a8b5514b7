/** Which processes get the connections of a route, as the keeper is to tell its router. */
import { isDeepStrictEqual } from 'node:util';
import { KindredError } from '../../base/errors.ts';
import type { KeeperTable, KeptRoute } from '../keeper/keeper.ts';
import type { Program } from '../keeper/staff.ts';
import type { RouteTarget } from '../routes/route-words.ts';
import { routerProgram } from '../routes/router-plan.ts';
import type { CheckedRoute, CheckedStack } from '../stack/checked-stack.ts';
import { ruleText } from '../stack/describe-stack.ts';
import type { Life, LifeState } from './crew.ts';
import type { Engine } from './engine.ts';

/**
 * Routers know the rule from the config: a function does not travel. Throws `ERR_NOT_SUPPORTED` for a rule of a stack that
 * came as a value.
 */
export function checkRules({ file, routes }: Pick<CheckedStack, 'file' | 'routes'>): void {
  if (file !== undefined) return;
  const [listener] = Object.entries(routes).find(([, { pick }]) => pick !== undefined) ?? [];
  if (listener === undefined) return;
  throw new KindredError(
    'ERR_NOT_SUPPORTED',
    `routes.${listener}.pick is a function of this process, and a router is a process of its own: export the stack from a file, and give its path`,
  );
}

/** Goes on with the routers that there are, with the rules that they have where the config cannot be read. */
export function takeRoutes(engine: Engine, { routes }: KeeperTable, areRulesUnknown: boolean): void {
  for (const { listener, router, pid } of routes) {
    if (pid !== undefined) engine.routers.set(listener, pid);
    engine.routes.set(listener, { listener, router, targets: [], isKept: areRulesUnknown });
  }
}

/** Tells the keeper what has changed. */
export function routeOn(engine: Engine): void {
  const { keeper } = engine.seams;
  const { routes } = engine.stack;
  for (const listener of [...engine.routes.keys()]) {
    if (Object.hasOwn(routes, listener)) continue;
    engine.routes.delete(listener);
    engine.routers.delete(listener);
    engine.effect(() => keeper.unroute(listener).catch(() => {}));
  }
  for (const [listener, route] of Object.entries(routes)) {
    const before = engine.routes.get(listener);
    const router = before?.isKept === true ? before.router : programOf(engine, listener, route);
    const now = {
      listener,
      router,
      targets: targetsOf(engine, listener, route.to),
      isKept: before?.isKept === true,
    };
    if (isDeepStrictEqual(before, now)) continue;
    engine.routes.set(listener, now);
    const told: KeptRoute = { listener, router, targets: now.targets };
    // Another brain has taken over, and tells it.
    engine.effect(() => keeper.route(told).catch(() => {}));
  }
}

/** Those that serve, and are to go on doing so; the newest of an instance first. Where none is in good health, all. */
function targetsOf(engine: Engine, listener: string, service: string): RouteTarget[] {
  const lives = (engine.crews.get(service)?.slots ?? []).flatMap(({ next, main }) =>
    [next, main].flatMap((life) => life ?? []),
  );
  const serving = lives.filter(
    ({ exited, leave, entry }) =>
      !exited && leave === undefined && entry?.spec.routed?.includes(listener) === true,
  );
  const inState = (wanted: LifeState): Life[] => serving.filter(({ state }) => state === wanted);
  const ready = inState('ready');
  return (ready.length > 0 ? ready : inState('unhealthy')).map(({ id, slot }) => ({ id, name: slot.key }));
}

function programOf({ stack: { file } }: Engine, listener: string, { pick }: CheckedRoute): Program {
  return routerProgram(pick === undefined ? { listener } : { listener, config: file, rule: ruleText(pick) });
}
