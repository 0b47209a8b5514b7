/** Kindred's supervisor: services kept running, reloaded without losing a request. */

export { type BrainOrders, runBrain } from './brain/run-brain.ts';
export { type StartedStack, type StartStackOptions, startStack } from './brain/start-stack.ts';
export { type SuperviseOptions, type Supervisor, supervise } from './brain/supervise.ts';
export { type WatchOptions, watchFiles } from './checks/watch-files.ts';
export type {
  Cause,
  Change,
  Control,
  InstanceState,
  InstanceStatus,
  ListenerStatus,
  LogRecord,
  LogRequest,
  Progress,
  ServiceStatus,
  StackEvent,
  StackStatus,
} from './control/control.ts';
export { controlAddress } from './control/control-address.ts';
export {
  keeperOf,
  type LocalEndpoint,
  type LocalSurvey,
  runningStacks,
  surveyLocal,
} from './control/survey.ts';
export { endLeftovers } from './keeper/end-leftovers.ts';
export { type CheckStackOptions, checkStack } from './stack/check-stack.ts';
export type {
  CheckedGroup,
  CheckedHealth,
  CheckedListener,
  CheckedLogs,
  CheckedReady,
  CheckedRestart,
  CheckedRoute,
  CheckedSchedule,
  CheckedService,
  CheckedStack,
  Program,
} from './stack/checked-stack.ts';
export {
  defineStack,
  type GroupOf,
  type RouteOf,
  type ServiceOf,
  type StackOf,
} from './stack/define-stack.ts';
export { configNames, findConfig, type LoadStackOptions, loadStack } from './stack/load-stack.ts';
export type { Mistake } from './stack/mistake.ts';
export type {
  Environment,
  GroupSpec,
  HangSpec,
  HealthSpec,
  Intensity,
  ListenerSpec,
  LogSpec,
  MemorySpec,
  Need,
  ReadyBy,
  ReadySpec,
  ReloadSpec,
  RestartPolicy,
  RestartSpec,
  RouteSpec,
  Schedule,
  ServiceSpec,
  Stack,
  StopSpec,
  Strategy,
  WatchSpec,
} from './stack/stack.ts';
export type { StackSystem } from './stack/surroundings.ts';
