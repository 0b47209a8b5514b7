/** The config, with its names checked by the compiler. */
import type { GroupSpec, ListenerSpec, Need, RouteSpec, ServiceSpec, Stack } from './stack.ts';

/** A stack whose `needs`, `members`, `listen` and `routes` name only what there is. */
export interface StackOf<Listener extends string, Service extends string, Group extends string>
  extends Omit<Stack, 'listeners' | 'groups' | 'services' | 'routes'> {
  listeners?: Readonly<Record<Listener, ListenerSpec>> | undefined;
  groups?: Readonly<Record<Group, GroupOf<NoInfer<Service | Group>>>> | undefined;
  services: Readonly<Record<Service, ServiceOf<NoInfer<Listener>, NoInfer<Service>>>>;
  routes?: Readonly<Partial<Record<NoInfer<Listener>, RouteOf<NoInfer<Service>>>>> | undefined;
}

export interface ServiceOf<Listener extends string, Service extends string>
  extends Omit<ServiceSpec<Listener>, 'needs'> {
  needs?: readonly Service[] | Readonly<Partial<Record<Service, Need>>> | undefined;
}

export interface GroupOf<Member extends string> extends Omit<GroupSpec, 'members'> {
  members: readonly Member[];
}

export interface RouteOf<Service extends string> extends Omit<RouteSpec, 'to'> {
  to: Service;
}

/** The stack, as it is: what is wrong in more than its types is told when it is checked. */
export function defineStack<S extends string, L extends string = never, G extends string = never>(
  stack: StackOf<L, S, G>,
): Stack {
  return stack;
}
