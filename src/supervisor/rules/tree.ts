/**
 * The groups of a stack as a tree, with the instances of its services as leaves. What stands in no group is a group of its
 * own, each instance for itself: one that keeps failing takes no healthy one along.
 */
import type { CheckedStack } from '../stack/checked-stack.ts';
import type { Intensity, RestartPolicy, Strategy } from '../stack/stack.ts';

/** An instance of a service: `web.1`, counted from 1. Its log has the same name. */
export type Child = string;

export interface Tree {
  readonly groups: ReadonlyMap<string, TreeGroup>;
  readonly children: ReadonlyMap<Child, TreeChild>;
}

export interface TreeGroup {
  /** Of an instance that stands in no group: its own, `web.1`. */
  readonly name: string;
  /** Undefined at the top: there nothing falls with it. */
  readonly parent?: string | undefined;
  readonly strategy: Strategy;
  readonly intensity: Intensity;
  readonly restart: RestartPolicy;
  readonly significant: boolean;
  readonly autoShutdown: 'never' | 'any-significant' | 'all-significant';
  /** In the order of start. */
  readonly members: readonly Member[];
}

export type Member =
  | { readonly kind: 'child'; readonly name: Child }
  | { readonly kind: 'group'; readonly name: string };

export interface TreeChild {
  readonly service: string;
  readonly instance: number;
  readonly group: string;
  readonly restart: RestartPolicy;
  readonly significant: boolean;
}

/** What a tree is made of: a checked stack, or as much of one. */
export type TreeSource = {
  readonly groups: Readonly<Record<string, Omit<CheckedStack['groups'][string], 'name'>>>;
  readonly services: Readonly<
    Record<
      string,
      {
        readonly instances: number;
        readonly restart: {
          readonly policy: RestartPolicy;
          readonly significant: boolean;
          readonly intensity: Intensity;
        };
      }
    >
  >;
};

export function childOf(service: string, instance: number): Child {
  return `${service}.${instance}`;
}

/** `instances`: how many of each service, where they are not as many as the config says (they were scaled). */
export function createTree(stack: TreeSource, instances: Readonly<Record<string, number>> = {}): Tree {
  const groups = new Map<string, TreeGroup>();
  const children = new Map<Child, TreeChild>();
  const parentOf = new Map<string, string>();
  for (const [name, { members }] of Object.entries(stack.groups))
    for (const member of members) parentOf.set(member, name);

  const childrenOf = (service: string): Child[] => {
    const asConfigured = Object.hasOwn(stack.services, service) ? stack.services[service]?.instances : 0;
    const count = (Object.hasOwn(instances, service) ? instances[service] : asConfigured) ?? 0;
    return Array.from({ length: count }, (_, index) => childOf(service, index + 1));
  };
  for (const [name, spec] of Object.entries(stack.groups)) {
    const { strategy, intensity, restart, significant, autoShutdown } = spec;
    const members = spec.members.flatMap((member): Member[] =>
      Object.hasOwn(stack.groups, member)
        ? [{ kind: 'group', name: member }]
        : childrenOf(member).map((child) => ({ kind: 'child', name: child })),
    );
    const parent = parentOf.get(name);
    groups.set(name, { name, parent, strategy, intensity, restart, significant, autoShutdown, members });
  }
  for (const [service, { restart }] of Object.entries(stack.services)) {
    const { policy, intensity, significant } = restart;
    for (const [index, child] of childrenOf(service).entries()) {
      const group = parentOf.get(service) ?? child;
      children.set(child, { service, instance: index + 1, group, restart: policy, significant });
      if (group === child) groups.set(child, ownGroup(child, intensity));
    }
  }
  return { groups, children };
}

/** All that stands below a group, in the order of start. */
export function childrenBelow(tree: Tree, group: string): Child[] {
  return (tree.groups.get(group)?.members ?? []).flatMap((member) =>
    member.kind === 'child' ? [member.name] : childrenBelow(tree, member.name),
  );
}

export function groupsBelow(tree: Tree, group: string): string[] {
  return (tree.groups.get(group)?.members ?? []).flatMap((member) =>
    member.kind === 'child' ? [] : [member.name, ...groupsBelow(tree, member.name)],
  );
}

function ownGroup(child: Child, intensity: Intensity): TreeGroup {
  return {
    name: child,
    strategy: 'one-for-one',
    intensity,
    restart: 'permanent',
    significant: false,
    autoShutdown: 'never',
    members: [{ kind: 'child', name: child }],
  };
}
