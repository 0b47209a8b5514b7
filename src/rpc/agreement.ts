/**
 * Whether the other end keeps the contract that this end was built against, found out at each connection.
 *
 * ```
 *   the hello has a hash ----------------------------\
 *   none, or no hello yet: rpc.contract -> a hash --- equal: kept
 *                               \                 \-- other: rpc.discover -> kept, or differs
 *                                \-- no such function: rpc.discover; where there is none: unknown
 * ```
 * Whoever is asked before it is known whether it is a Kindred answers at once, and a stranger's refusal says that it is one.
 */
import { KindredError } from '../base/errors.ts';
import type { EventsPort } from './context.ts';
import { type Contract, type ContractDifference, contractOf, differenceOf } from './contract.ts';
import type { Peer } from './peer.ts';

/** What this end was built against, and what is to happen where the other end offers something else. */
export interface Terms {
  readonly contract: Contract;
  /** `warn`: an event. `error`: the connection is closed. */
  readonly onDifferentContract: 'warn' | 'error';
}

export interface OtherSide {
  readonly peer: Peer<unknown>;
  readonly events: EventsPort;
  /** Resolves when the other end has said who it is, or when something may be asked of it before. */
  ready(): Promise<void>;
  /** The hash in its hello, if it has said one. */
  said(): unknown;
  ask(method: string): Promise<unknown>;
  /** Closes the connection at once. */
  part(error: KindredError): void;
}

type Finding =
  | { kind: 'kept' }
  | { kind: 'differs'; difference: ContractDifference }
  /** Nothing is told of it. */
  | { kind: 'unknown'; error: KindredError };

/** Rejects only where the terms say `error`: with `ERR_CONTRACT`, or with what has happened to the connection. */
export async function agree({ contract, onDifferentContract }: Terms, other: OtherSide): Promise<void> {
  const finding = await find(contract, other);
  if (finding.kind === 'kept') return;
  const { peer, events } = other;
  const isOpen = peer.state !== 'closed';
  if (onDifferentContract === 'error') {
    const error = errorOf(finding, peer.address);
    if (isOpen) other.part(error);
    throw error;
  }
  if (!isOpen) return;
  if (finding.kind === 'unknown')
    events.publish('kindred:contract.unknown', () => ({ peer, error: finding.error }));
  else events.publish('kindred:contract.differs', () => ({ peer, difference: finding.difference }));
}

async function find(contract: Contract, other: OtherSide): Promise<Finding> {
  try {
    await other.ready();
    if ((await hashOf(other)) === contract.hash) return { kind: 'kept' };
    const difference = differenceOf(contract, contractOf(await other.ask('rpc.discover')));
    return difference === undefined ? { kind: 'kept' } : { kind: 'differs', difference };
  } catch (error) {
    return { kind: 'unknown', error: asError(error) };
  }
}

function errorOf(finding: Exclude<Finding, { kind: 'kept' }>, address: string): KindredError {
  const where = address === '' ? '' : ` (${address})`;
  if (finding.kind === 'differs')
    return new KindredError(
      'ERR_CONTRACT',
      `the service${where} offers something else than this program was built against (${toldOf(finding.difference)}); write its contract anew with kindred types`,
      { outcome: 'not-sent', data: finding.difference },
    );
  const { error } = finding;
  // Where it could not be asked because it is gone, that is what happened.
  if (error.code === 'ERR_PEER_GONE' || error.code === 'ERR_CLOSED') return error;
  return new KindredError(
    'ERR_CONTRACT',
    `the service${where} does not say what it offers: ${error.message}`,
    {
      outcome: 'not-sent',
      cause: error,
    },
  );
}

/** With a few names, for there may be many. */
function toldOf({ missing, changed, added }: ContractDifference): string {
  const parts = [
    ['missing', missing],
    ['changed', changed],
    ['added', added],
  ] as const;
  return parts
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${what}: ${namesOf(names)}`)
    .join('; ');
}

const maxNames = 8;
const maxLetters = 60;

function namesOf(names: readonly string[]): string {
  const few = names.slice(0, maxNames).map((name) => name.slice(0, maxLetters));
  return names.length > maxNames ? `${few.join(', ')} and ${names.length - maxNames} more` : few.join(', ');
}

/** Of what the other end offers; undefined where it does not know of hashes. */
async function hashOf(other: OtherSide): Promise<unknown> {
  if (typeof other.said() === 'string') return other.said();
  const answer = await other.ask('rpc.contract').catch((error: unknown) => {
    // Others refuse what they do not know in many ways; only one that cannot be asked at all has nothing to say next.
    if (asError(error).origin === 'local') throw error;
  });
  return other.said() ?? answer;
}

function asError(error: unknown): KindredError {
  return error instanceof KindredError
    ? error
    : new KindredError('ERR_PROTOCOL', 'its answer could not be read', { cause: error });
}
