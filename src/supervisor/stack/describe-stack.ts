/** A checked stack as plain data, so that two of them can be compared, also by another process at another time. */
import type { CheckedReady, CheckedService, CheckedStack } from './checked-stack.ts';

/** JSON. Values of the environment are fingerprints: no secret stands in it. */
export interface StackDescription {
  readonly name: string;
  readonly listeners: Readonly<Record<string, { address: string; backlog: number; mode: number | null }>>;
  readonly groups: Readonly<Record<string, Plain>>;
  readonly services: Readonly<Record<string, ServiceDescription>>;
  /** Of each listener that is routed: to whom, and a fingerprint of the rule. */
  readonly routes: Readonly<Record<string, Plain>>;
}

export interface ServiceDescription {
  readonly instances: number;
  /** What the config says of the environment, by name. */
  readonly env: Readonly<Record<string, string>>;
  /** What its processes are made of: where it differs, they have to be replaced. */
  readonly process: Readonly<Record<string, Plain>>;
  /** How it is looked after: can be taken over while it runs. */
  readonly settings: Readonly<Record<string, Plain>>;
}

export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain };

/** Functions are told by their source text: two that differ only in what they close over count as the same. */
export function describeStack(stack: CheckedStack): StackDescription {
  return {
    name: stack.name,
    listeners: mapped(stack.listeners, ({ address, backlog, mode = null }) => ({ address, backlog, mode })),
    groups: mapped(stack.groups, ({ name: _name, ...group }) => plain(group)),
    services: mapped(stack.services, describeService),
    routes: mapped(stack.routes, plain),
  };
}

function describeService(service: CheckedService): ServiceDescription {
  const { program, cwd, user, group, listen, routed, share, logs, ready, hang, onParentDeath } = service;
  const { needs, health, restart, stop, memory, schedule, watch, reload } = service;
  return {
    instances: service.instances,
    env: mapped(service.ownEnv, fingerprint),
    process: given({
      program,
      cwd,
      user,
      group,
      listen,
      // Whom it gets connections from decides what it is started with.
      routed: routed.length > 0 ? routed : undefined,
      share,
      logs,
      ready: lineOf(ready),
      hang,
      onParentDeath,
    }),
    settings: given({ needs, ready, health, restart, stop, memory, schedule: schedule?.text, watch, reload }),
  };
}

/** Of what makes it ready only a descriptor to write to is a part of the process itself. */
function lineOf(ready: CheckedReady): Plain | undefined {
  if (ready.by === 'fd') return { fd: ready.fd };
  return ready.by === 'call' || ready.by === 'notify' ? ready.by : undefined;
}

function given(values: Record<string, unknown>): Record<string, Plain> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, plain(value)]])),
  );
}

function plain(value: unknown): Plain {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'function':
      return `function ${fingerprint(String(value))}`;
    case 'object':
      break;
    default:
      return null;
  }
  if (value === null) return null;
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof RegExp) return String(value);
  return given(value as Record<string, unknown>);
}

/** What tells one rule from another. */
export function ruleText(pick: (...args: never[]) => unknown): string {
  return fingerprint(String(pick));
}

function fingerprint(value: string | null): string {
  // Only a plan needs it, and no brain keeps it in memory for that.
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 16);
}

function mapped<From, To>(
  record: Readonly<Record<string, From>>,
  change: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
