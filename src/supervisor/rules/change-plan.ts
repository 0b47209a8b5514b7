/** What another config would change, for whoever is asked, and what is to be done about it. */
import { isDeepStrictEqual } from 'node:util';
import type { Change } from '../control/control.ts';
import type { ServiceDescription, StackDescription } from '../stack/describe-stack.ts';

export interface ChangePlan {
  /** To be shown: listeners first, then services in the order of the new config, then groups. Empty: nothing would change. */
  readonly changes: readonly Change[];
  /** To be done, in this order. */
  readonly steps: {
    /** One that has moved is closed and opened: whoever inherits it is among the replaced, and holds the old one until then. */
    readonly closeListeners: readonly string[];
    readonly openListeners: readonly string[];
    /** In the reversed order of `needs` of the old config: that is for the caller. */
    readonly remove: readonly string[];
    /** One after another, without a gap: they accept from listeners that old and new ones can share. */
    readonly reload: readonly string[];
    /** Old and new ones cannot stand side by side: they may hold what there is only one of. */
    readonly restart: readonly string[];
    readonly scale: readonly { readonly service: string; readonly from: number; readonly to: number }[];
    readonly add: readonly string[];
  };
}

/** `running`: how many instances of each service there are, where it was scaled since. */
export function changePlan(
  from: StackDescription,
  to: StackDescription,
  running: Readonly<Record<string, number>> = {},
): ChangePlan {
  const listeners = listenerChanges(from, to);
  const moved = new Set(listeners.flatMap(({ change, listener }) => (change === 'move' ? [listener] : [])));
  const changes: Change[] = [...listeners];
  const reload: string[] = [];
  const restart: string[] = [];
  const scale: { service: string; from: number; to: number }[] = [];
  const add = Object.keys(to.services).filter((service) => !Object.hasOwn(from.services, service));
  const remove = Object.keys(from.services).filter((service) => !Object.hasOwn(to.services, service));

  for (const [service, now] of Object.entries(to.services)) {
    const before = own(from.services, service) as ServiceDescription | undefined;
    if (before === undefined) {
      changes.push({ kind: 'add', service, because: ['it is new'] });
      continue;
    }
    const because = replacedBecause(before, now, moved);
    const env = envChange(service, before, now);
    if (because.length > 0) changes.push({ kind: 'replace', service, because });
    if (env !== undefined) changes.push(env);
    if (because.length > 0 || env !== undefined)
      (isShared(service, before, now, to) && !because.includes('listen') ? reload : restart).push(service);
    const settings = differing(before.settings, now.settings).filter((key) => !because.includes(key));
    const routes = Object.keys({ ...from.routes, ...to.routes }).filter(
      (listener) =>
        isOf(service, own(to.routes, listener)) &&
        !same(own(from.routes, listener), own(to.routes, listener)),
    );
    const kept = [...settings, ...routes.map((listener) => `routes.${listener}`)];
    if (kept.length > 0) changes.push({ kind: 'settings', service, because: kept });
    const count = (own(running, service) as number | undefined) ?? before.instances;
    // What was scaled by hand stays so, until the config says another number.
    if (now.instances === before.instances || now.instances === count) continue;
    scale.push({ service, from: count, to: now.instances });
    changes.push({ kind: 'scale', service, from: count, to: now.instances });
  }
  for (const service of remove)
    changes.push({ kind: 'remove', service, because: ['it is no longer in the config'] });
  changes.push(...groupChanges(from, to));
  const named = (...which: ListenerChange['change'][]): string[] =>
    listeners.filter(({ change }) => which.includes(change)).map(({ listener }) => listener);
  const closeListeners = named('remove', 'move');
  const openListeners = named('add', 'move');
  return { changes, steps: { closeListeners, openListeners, remove, reload, restart, scale, add } };
}

type ListenerChange = Extract<Change, { kind: 'listener' }>;

function listenerChanges(from: StackDescription, to: StackDescription): ListenerChange[] {
  return [...new Set([...Object.keys(from.listeners), ...Object.keys(to.listeners)])].flatMap(
    (listener): ListenerChange[] => {
      const before = Object.hasOwn(from.listeners, listener) ? from.listeners[listener] : undefined;
      const now = Object.hasOwn(to.listeners, listener) ? to.listeners[listener] : undefined;
      if (before === undefined)
        return [{ kind: 'listener', listener, change: 'add', to: now?.address ?? '' }];
      if (now === undefined) return [{ kind: 'listener', listener, change: 'remove', from: before.address }];
      if (same(before, now)) return [];
      const change = before.address === now.address ? 'settings' : 'move';
      return [{ kind: 'listener', listener, change, from: before.address, to: now.address }];
    },
  );
}

function replacedBecause(
  before: ServiceDescription,
  now: ServiceDescription,
  moved: ReadonlySet<string>,
): string[] {
  const { listen, routed = [] } = now.process as { listen: readonly string[]; routed?: readonly string[] };
  const because = differing(before.process, now.process);
  return [
    ...because,
    ...[...listen, ...routed]
      .filter((listener) => moved.has(listener))
      .map((listener) => `listeners.${listener}`),
  ];
}

function envChange(
  service: string,
  before: ServiceDescription,
  now: ServiceDescription,
): Extract<Change, { kind: 'env' }> | undefined {
  const names = differing(before.env, now.env);
  const added = names.filter((name) => !Object.hasOwn(before.env, name));
  const removed = names.filter((name) => !Object.hasOwn(now.env, name));
  const changed = names.filter((name) => !added.includes(name) && !removed.includes(name));
  return names.length === 0 ? undefined : { kind: 'env', service, added, removed, changed };
}

function groupChanges(from: StackDescription, to: StackDescription): Change[] {
  return differing(from.groups, to.groups).map((group): Change => {
    const wasThere = Object.hasOwn(from.groups, group);
    const isThere = Object.hasOwn(to.groups, group);
    return { kind: 'group', group, change: wasThere ? (isThere ? 'change' : 'remove') : 'add' };
  });
}

/** Its old and new processes can accept from the same sockets, or get their connections by a route. */
function isShared(
  service: string,
  before: ServiceDescription,
  now: ServiceDescription,
  to: StackDescription,
): boolean {
  const listens = ({ process }: ServiceDescription): boolean =>
    (process['listen'] as readonly string[]).length > 0;
  return (listens(before) && listens(now)) || Object.values(to.routes).some((route) => isOf(service, route));
}

function isOf(service: string, route: unknown): boolean {
  return (route as { to?: string } | undefined)?.to === service;
}

function differing(
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].filter(
    (key) => !same(own(before, key), own(now, key)),
  );
}

function own(record: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function same(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(a, b);
}
