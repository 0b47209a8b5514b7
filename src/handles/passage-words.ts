/**
 * What the two ends of a passage say to each other: as an envelope does (envelope.ts), under a key of its own, since one
 * channel may carry both.
 *
 * ```
 *   the end that passes                    the end that takes
 *     passed (id) with the handle  ->
 *     ... a message of the channel names them ...
 *                                  <-      wanted (ids)
 *     yours (ids) | recalled (ids) ->
 *                                  <-      refused (ids) | gone (ids)
 * ```
 * Both ends may pass; each counts its own.
 */
import { type HandleKind, isId, isObject, passageKey } from './envelope.ts';

export type PassageSays =
  /** `bytes`: what had been read of a socket already, as base64. */
  | { say: 'passed'; id: number; kind: HandleKind; bytes: string }
  | { say: 'yours' | 'recalled' | 'wanted' | 'refused' | 'gone'; ids: readonly number[] };

export function passageEnvelope(said: PassageSays): object {
  return { [passageKey]: said };
}

/** What a message of the channel says; undefined where it is no part of a passage, or not in its words. */
export function openPassageEnvelope(message: unknown): PassageSays | undefined {
  const said = isObject(message) ? message[passageKey] : undefined;
  if (!isObject(said)) return undefined;
  const { say, id, ids, kind, bytes } = said;
  switch (say) {
    case 'passed':
      return isId(id) && isKind(kind) && typeof bytes === 'string' ? { say, id, kind, bytes } : undefined;
    case 'yours':
    case 'recalled':
    case 'wanted':
    case 'refused':
    case 'gone':
      return Array.isArray(ids) && ids.every(isId) ? { say, ids } : undefined;
    default:
      return undefined;
  }
}

function isKind(kind: unknown): kind is HandleKind {
  return kind === 'socket' || kind === 'server' || kind === 'datagram';
}
