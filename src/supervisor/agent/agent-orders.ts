/** What the agent in a service is told, in variables that it takes out of the environment. */

/** Holds `AgentOrders` as JSON. */
export const agentVariable = 'KINDRED_AGENT';

/** Names the descriptor for words: `fd:5`. */
export const wordsVariable = 'KINDRED_WORDS';

export interface AgentOrders {
  /** How long the event loop may be blocked, in milliseconds; 0: for ever. */
  hangMs: number;
  /** How long open servers may take to end after SIGTERM, in milliseconds. */
  drainMs: number;
  /** How often the load is told, in milliseconds. Default 5000. */
  loadEveryMs?: number | undefined;
  /** The agent says that it is ready, once all its listeners are taken. */
  readyByListening?: boolean | undefined;
  /** Inherited listeners by name, with the addresses under which the program may ask for them. */
  listeners: { name: string; at: string[] }[];
  /** The same, of listeners whose connections it gets one by one. `bound`: where they really are. */
  routed?: { name: string; at: string[]; bound: string }[] | undefined;
}

/** Undefined for what cannot be understood. */
export function readOrders(told: string | undefined): AgentOrders | undefined {
  try {
    const orders = JSON.parse(told ?? '') as AgentOrders;
    return Array.isArray(orders.listeners) ? orders : undefined;
  } catch {
    return undefined;
  }
}
