/** What a `fork` or `host` service is started with, so that the agent runs in it. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ListenerEntry, StartSpec } from '../keeper/keeper.ts';
import type { HangSpec } from '../stack/stack.ts';
import { type AgentOrders, agentVariable } from './agent-orders.ts';

export interface AgentPlan {
  /** Flags of Node.js, before its program. */
  execArgv: string[];
  /** For `StartSpec`. */
  env: Record<string, string>;
  /** For `StartSpec`. */
  lines: StartSpec['lines'];
}

export interface AboutAgent {
  /** Those that it inherits. */
  listeners: readonly Pick<ListenerEntry, 'name' | 'address' | 'bound'>[];
  /** Default: after 10 s. */
  /** Those whose connections it gets by a route. Default: none. */
  routed?: AboutAgent['listeners'] | undefined;
  hang?: false | HangSpec | undefined;
  /** Whether the agent says that the service is ready, once it has taken all of them. Default false. */
  readyByListening?: boolean | undefined;
  /** How long it may take to end once it is asked: its servers are waited for somewhat shorter. Default 10,000. */
  graceMs?: number | undefined;
}

const defaultHangMs = 10_000;
const defaultGraceMs = 10_000;

/** Where this package was bundled into one file, there is no agent, and the service is started without it. */
export function planAgent({
  listeners,
  routed = [],
  hang,
  readyByListening = false,
  graceMs = defaultGraceMs,
}: AboutAgent): AgentPlan {
  const file = program('preload');
  if (!existsSync(file)) return { execArgv: [], env: {}, lines: [] };
  const orders: AgentOrders = {
    hangMs: hang === false ? 0 : (hang?.afterMs ?? defaultHangMs),
    // The rest is for what else the process does at its end.
    drainMs: Math.round(graceMs * 0.8),
    readyByListening,
    listeners: listeners.map(placeOf),
    routed: routed.map((listener) => ({ ...placeOf(listener), bound: listener.bound })),
  };
  return {
    execArgv: [`--require=${file}`],
    env: { [agentVariable]: JSON.stringify(orders) },
    lines: [{ to: 'words' }],
  };
}

function placeOf({ name, address, bound }: AboutAgent['listeners'][number]): { name: string; at: string[] } {
  return { name, at: [...new Set([address, bound])] };
}

/** The arguments of Node.js, behind its flags, that serve a module at the inherited listeners. */
export function planHost(
  module: string | URL,
  listeners: AboutAgent['listeners'],
  graceMs: number = defaultGraceMs,
): string[] {
  const url = module instanceof URL ? module.href : module;
  return [
    program('host-service'),
    url,
    JSON.stringify(listeners.map(({ name, bound }) => [name, bound])),
    String(graceMs),
  ];
}

/**
 * A program of the agent: beside this file in the sources; in what is published this code may stand in any file of the
 * folder `dist`, and the programs in one place.
 */
function program(name: string): string {
  if (import.meta.url.endsWith('.ts')) return fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  const places = ['./', './agent/', '../agent/', '../supervisor/agent/', './supervisor/agent/'];
  const files = places.map((place) => fileURLToPath(new URL(`${place}${name}.js`, import.meta.url)));
  return files.find((file) => existsSync(file)) ?? (files[0] as string);
}
