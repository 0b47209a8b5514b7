/** `kindred/handles`: open sockets and servers that change hands. */
export { acceptInto } from './accept-into.ts';
export { type ByteProxy, byteProxy, openProxy } from './byte-proxy.ts';
export type { ChannelEnd } from './channel-end.ts';
export { canPassDirectly, giveDirectly, takeDirectly } from './direct.ts';
export type { GiveDirectlyOptions } from './direct-giving.ts';
export type { DirectTaking, TakeDirectlyOptions } from './direct-taking.ts';
export { type HandleKind, isHandOverMessage, type TakerState } from './envelope.ts';
export type { Handle } from './givable.ts';
export { handOver } from './giver.ts';
export type {
  Given,
  GiveOptions,
  HandOver,
  HandOverOptions,
  HandOverState,
  ReturnReason,
} from './hand-over.ts';
export { inherited } from './inherited.ts';
export { type Inheritable, type ListenFdsOptions, type ListenPlan, listenFds } from './listen-fds.ts';
export type { Refusal, Refuse } from './refuse.ts';
export { type RouteCounts, type RouteOptions, type Router, route } from './route.ts';
export {
  type ProcessWorker,
  type RouteWorker,
  type RouteWorkerOptions,
  routeWorker,
} from './route-worker.ts';
export {
  byFirstBytes,
  byPriority,
  type Candidate,
  type Connection,
  type FirstBytes,
  type FirstBytesOptions,
  leastConnections,
  type PriorityOptions,
  type Rule,
  roundRobin,
  stickyByAddress,
} from './rules.ts';
export { type HandleNote, type TakeOptions, type Taking, takeHandles } from './take-handles.ts';
