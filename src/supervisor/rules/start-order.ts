/** What may start or stop now: `needs` as a graph. Whatever does not wait for another goes in parallel. */
import type { Need } from '../stack/stack.ts';

/** Of each service what it needs; a service that is not named needs nothing. */
export type Needs = Readonly<Record<string, Readonly<Record<string, Need>>>>;

export interface Unmet {
  readonly service: string;
  readonly need: Need;
}

/** What a service still waits for. `has`: whether all instances of a service are that far. */
export function unmetNeeds(
  needs: Needs,
  service: string,
  has: (service: string, need: Need) => boolean,
): Unmet[] {
  return needsOf(needs, service).filter(({ service: other, need }) => !has(other, need));
}

/** Those of `waiting` that wait for nothing, in their order. */
export function mayStart(
  needs: Needs,
  waiting: readonly string[],
  has: (service: string, need: Need) => boolean,
): string[] {
  return waiting.filter((service) => unmetNeeds(needs, service, has).length === 0);
}

/** Those of `toStop` that no other service in `running` needs (one that is itself to be stopped goes first). */
export function mayStop(needs: Needs, toStop: readonly string[], running: readonly string[]): string[] {
  const first = new Set(toStop);
  return toStop.filter(
    (service) =>
      !running.some(
        (other) => other !== service && first.has(other) && Object.hasOwn(needs[other] ?? {}, service),
      ),
  );
}

/** These and all that they need, directly or not: what has to run for them. In an order in which they could start. */
export function withNeeds(needs: Needs, services: readonly string[]): string[] {
  const found = new Set<string>();
  const under = new Set<string>();
  const visit = (service: string): void => {
    if (found.has(service) || under.has(service)) return;
    under.add(service);
    for (const { service: other } of needsOf(needs, service)) visit(other);
    found.add(service);
  };
  for (const service of services) visit(service);
  return [...found];
}

/** These and all that need them, directly or not: what cannot do its work without them. In an order in which they could stop. */
export function withDependents(needs: Needs, services: readonly string[]): string[] {
  return withNeeds(reversed(needs), services);
}

/** The services of a circle, each needing the next and the last the first; undefined where there is none. */
export function findCircle(edges: Readonly<Record<string, readonly string[]>>): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (name: string): string[] | undefined => {
    if (done.has(name)) return undefined;
    const at = path.indexOf(name);
    if (at >= 0) return path.slice(at);
    path.push(name);
    for (const other of (Object.hasOwn(edges, name) && edges[name]) || []) {
      const circle = visit(other);
      if (circle !== undefined) return circle;
    }
    path.pop();
    done.add(name);
    return undefined;
  };
  for (const name of Object.keys(edges)) {
    const circle = visit(name);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

function needsOf(needs: Needs, service: string): Unmet[] {
  const own = Object.hasOwn(needs, service) ? needs[service] : {};
  return Object.entries(own ?? {}).map(([other, need]) => ({ service: other, need }));
}

function reversed(needs: Needs): Needs {
  const back: Record<string, Record<string, Need>> = {};
  for (const service of Object.keys(needs))
    for (const { service: other, need } of needsOf(needs, service))
      back[other] = { ...(Object.hasOwn(back, other) ? back[other] : {}), [service]: need };
  return back;
}
