/**
 * What the two ends of a hand-over say to each other, beside whatever else goes over their channel.
 *
 * Each message is an object with the one key `kindred:handle`, so that no user's value is taken for one, and it holds
 * JSON only, so that it says the same over a channel of either serialization.
 *
 * ```
 *   giver                                            taker
 *     hello                              ->
 *                                        <-          ready (purpose, state): at once, and at each change
 *     give (id, ...) with the handle     ->
 *                                        <-          accepted (id) | refused (id) | gone (id)
 *     have (id), where no answer comes   ->
 *                                        <-          unseen (id), where it came without its handle
 *                                        <-          mine (id): accepted, but late; is it still mine?
 *     yours (id) | recalled (id)         ->
 *                                        <-          closed (ids)
 * ```
 * Times are of the machine's own monotonic clock, which both read alike.
 */

export type HandleKind = 'socket' | 'server' | 'datagram';

/** What the taking end says of itself: `available`; `full` for now; `draining`: it takes no more, and will end. */
export type TakerState = 'available' | 'full' | 'draining';

export interface Give {
  say: 'give';
  /** Counted up by the giver. */
  id: number;
  kind: HandleKind;
  /** Which of the functions that take handles there is meant. */
  purpose: string;
  note: unknown;
  /** What the giver had read of the socket already, as base64. */
  bytes: string;
  /** Until when it may be taken without asking, in milliseconds. */
  by: number;
}

export type GiverSays =
  | { say: 'hello' }
  | Give
  | { say: 'have'; id: number }
  | { say: 'yours'; id: number }
  | { say: 'recalled'; id: number };

export type TakerSays =
  | { say: 'ready'; purpose: string; state: TakerState }
  | { say: 'accepted'; id: number }
  | { say: 'refused'; id: number }
  | { say: 'gone'; id: number }
  | { say: 'unseen'; id: number }
  | { say: 'mine'; id: number }
  | { say: 'closed'; ids: number[] };

const key = 'kindred:handle';
/** Of passage-words.ts. */
export const passageKey = 'kindred:passed';

export function envelope(said: GiverSays | TakerSays): object {
  return { [key]: said };
}

/**
 * Whether a message of an IPC channel belongs to a hand-over, or came with a handle that was passed by a call, and is
 * meant for nobody else.
 *
 * For whoever reads the same channel: such a message is to be left alone.
 */
export function isHandOverMessage(message: unknown): boolean {
  return isObject(message) && (Object.hasOwn(message, key) || Object.hasOwn(message, passageKey));
}

/** What a message of the channel says; undefined where it is no part of a hand-over, or not in its words. */
export function openEnvelope(message: unknown): GiverSays | TakerSays | undefined {
  const said = isObject(message) ? message[key] : undefined;
  if (!isObject(said)) return undefined;
  switch (said['say']) {
    case 'hello':
      return { say: 'hello' };
    case 'give':
      return isGive(said) ? said : undefined;
    case 'ready': {
      const { purpose, state } = said;
      return typeof purpose === 'string' && isTakerState(state)
        ? { say: 'ready', purpose, state }
        : undefined;
    }
    case 'closed': {
      const { ids } = said;
      return Array.isArray(ids) && ids.every(isId) ? { say: 'closed', ids } : undefined;
    }
    case 'have':
    case 'yours':
    case 'recalled':
    case 'accepted':
    case 'refused':
    case 'gone':
    case 'unseen':
    case 'mine':
      return isId(said['id']) ? { say: said['say'], id: said['id'] } : undefined;
    default:
      return undefined;
  }
}

function isGive(said: object): said is Give {
  const { id, kind, purpose, bytes, by } = said as Partial<Record<keyof Give, unknown>>;
  return (
    isId(id) &&
    (kind === 'socket' || kind === 'server' || kind === 'datagram') &&
    typeof purpose === 'string' &&
    typeof bytes === 'string' &&
    typeof by === 'number'
  );
}

function isTakerState(state: unknown): state is TakerState {
  return state === 'available' || state === 'full' || state === 'draining';
}

export function isId(id: unknown): id is number {
  return Number.isSafeInteger(id);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
