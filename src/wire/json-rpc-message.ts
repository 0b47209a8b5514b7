/**
 * One JSON-RPC 2.0 object as a message, and back. Pure; PROTOCOL.md describes the mapping.
 *
 * Reading is to the letter of the specification with two tolerances: unknown keys of the envelope are ignored, and
 * `"params": null`, which some clients write for "none", is none.
 */
import { KindredError } from '../base/errors.ts';
import { isRecord } from '../base/is-record.ts';
import { type CallId, type Hello, type Message, type Meta, type Params, rpcCodes } from './message.ts';

/** `$/meta`: what travels beside the positional arguments of the call that comes next. */
export interface MetaAhead {
  kind: 'meta';
  id: CallId;
  meta: Meta;
}

/** A JSON-RPC object ready to be written, its values not yet looked at. */
export interface Envelope {
  object: object;
  /** Levels of it around the values of the caller. */
  depth: number;
}

type Fields = Readonly<Record<string, unknown>>;
type Invalid = Extract<Message, { kind: 'invalid' }>;

const timeoutKey = 'kindred/timeoutMs';

/** The notifications that give a call up, and the name of its id in each: that of editors, and that of tool servers (MCP). */
export const cancelNotices = { '$/cancelRequest': 'id', 'notifications/cancelled': 'requestId' } as const;
export type CancelNotice = keyof typeof cancelNotices;

/** Notifications that belong to this protocol. Other names `$/...` are those of other protocols. */
const ownNotifications: ReadonlySet<string> = new Set(['$/hello', '$/cancelRequest', '$/item', '$/meta']);

/**
 * Undefined: a notification of this protocol that says nothing. Values that are no JSON-RPC object give an `invalid`.
 * `cancelAs`: the notification that gives a call up, beside `$/cancelRequest`.
 */
export function readObject(value: unknown, cancelAs?: CancelNotice): Message | MetaAhead | undefined {
  if (!isRecord(value)) return invalid(null, 'a request is an object');
  const { jsonrpc, method, id, params, result, error } = value;
  const isAnswer = method === undefined && (result !== undefined || error !== undefined);
  const validId = isCallId(id) ? id : undefined;
  if (isAnswer) return readResponse(value, validId);
  if (jsonrpc !== '2.0') return notRequest(value, validId, '`jsonrpc` must be "2.0"');
  if (id !== undefined && validId === undefined) return invalid(null, `\`id\` ${idRule}`);
  if (typeof method !== 'string') return notRequest(value, validId, '`method` must be a string');
  if (result !== undefined || error !== undefined)
    return invalid(validId ?? null, 'an object with `method` has neither `result` nor `error`');
  if (params !== undefined && typeof params !== 'object')
    return invalid(validId ?? null, '`params` must be an array or an object');
  if (validId === undefined) return readNotification(method, (params ?? []) as Params, cancelAs);
  const split = splitMeta((params ?? []) as Params);
  return split.meta === undefined
    ? { kind: 'call', id: validId, method, params: split.params }
    : { kind: 'call', id: validId, method, params: split.params, meta: split.meta };
}

/** Undefined: JSON-RPC has nothing to say for this kind. */
export function envelopeOf(
  message: Message,
  cancelAs: CancelNotice = '$/cancelRequest',
): Envelope | undefined {
  switch (message.kind) {
    case 'call': {
      const { id, method } = message;
      if (typeof method === 'number')
        throw new KindredError('ERR_NOT_ENCODABLE', 'a lent function cannot be called in plain JSON');
      const params = paramsOf(message);
      return {
        object:
          params === undefined ? { jsonrpc: '2.0', id, method } : { jsonrpc: '2.0', id, method, params },
        depth: 2,
      };
    }
    case 'notify':
      return notification(message.method, paramsOf(message));
    case 'result':
      return { object: { jsonrpc: '2.0', id: message.id, result: message.value ?? null }, depth: 1 };
    case 'error':
    case 'invalid': {
      const { code, message: words, data } = message.error;
      const error = data === undefined ? { code, message: words } : { code, message: words, data };
      return { object: { jsonrpc: '2.0', id: message.id, error }, depth: 2 };
    }
    case 'cancel':
      return notification(cancelAs, { [cancelNotices[cancelAs]]: message.id });
    case 'item':
      return notification('$/item', { id: message.stream, seq: message.seq, value: message.value ?? null });
    case 'hello':
      return notification('$/hello', message.hello);
    default:
      return undefined;
  }
}

/** What `$/meta` says in front of a call with positional arguments; undefined where there is nothing to say. */
export function metaEnvelopeOf(message: Message): Envelope | undefined {
  if (message.kind !== 'call' || message.meta === undefined || !Array.isArray(message.params))
    return undefined;
  const meta = writtenMeta(message.meta);
  return meta === undefined ? undefined : notification('$/meta', { id: message.id, _meta: meta });
}

export function invalid(id: CallId, why: string): Invalid {
  return {
    kind: 'invalid',
    id,
    error: { code: rpcCodes.invalidRequest, message: `Invalid Request: ${why}` },
  };
}

function readResponse({ jsonrpc, result, error }: Fields, id: CallId | undefined): Message {
  const why =
    jsonrpc !== '2.0'
      ? '`jsonrpc` must be "2.0"'
      : id === undefined
        ? `the \`id\` of a response ${idRule}`
        : result !== undefined && error !== undefined
          ? 'a response has either `result` or `error`'
          : undefined;
  if (why !== undefined) return brokenAnswer(id, why);
  if (error === undefined) return { kind: 'result', id: id as CallId, value: result };
  if (!isRecord(error) || !Number.isInteger(error.code) || typeof error.message !== 'string')
    return brokenAnswer(id, 'an error has an integer `code` and a string `message`');
  const { code, message, data } = error as { code: number; message: string; data?: unknown };
  return {
    kind: 'error',
    id: id as CallId,
    error: data === undefined ? { code, message } : { code, message, data },
  };
}

/** Never told under its own id: that could be the id of a call which the other end has made. */
function brokenAnswer(id: CallId | undefined, why: string): Invalid {
  const told = invalid(null, why);
  return id === undefined ? told : { ...told, answers: id };
}

/** Without `method`, `result` and `error` it may be a request or a response: both ends of its id are told. */
function notRequest({ method }: Fields, id: CallId | undefined, why: string): Invalid {
  const told = invalid(id ?? null, why);
  return method === undefined && id !== undefined ? { ...told, answers: id } : told;
}

function readNotification(
  method: string,
  params: Params,
  cancelAs: CancelNotice | undefined,
): Message | MetaAhead | undefined {
  if (ownNotifications.has(method))
    return Array.isArray(params) ? undefined : readOwn(method, params as Fields);
  if (method === cancelAs) {
    const id = (params as Fields)[cancelNotices[cancelAs]];
    return isCallId(id) ? { kind: 'cancel', id } : undefined;
  }
  const split = splitMeta(params);
  return split.meta === undefined
    ? { kind: 'notify', method, params: split.params }
    : { kind: 'notify', method, params: split.params, meta: split.meta };
}

/** One that is malformed is ignored: it is owed no answer. */
function readOwn(method: string, params: Fields): Message | MetaAhead | undefined {
  const { id } = params;
  if (method === '$/hello') return isHello(params) ? { kind: 'hello', hello: params } : undefined;
  if (!isCallId(id)) return undefined;
  switch (method) {
    case '$/cancelRequest':
      return { kind: 'cancel', id };
    case '$/item':
      return typeof params.seq === 'number' && Number.isSafeInteger(params.seq)
        ? { kind: 'item', stream: id, seq: params.seq, value: params.value ?? null }
        : undefined;
    case '$/meta':
      return isRecord(params._meta) ? { kind: 'meta', id, meta: readMeta(params._meta) } : undefined;
    default:
      return undefined;
  }
}

/** `_meta` is no argument: it is taken out of the named ones. */
function splitMeta(params: Params): { params: Params; meta?: Meta } {
  if (Array.isArray(params)) return { params };
  const { _meta, ...others } = params as Fields;
  if (!isRecord(_meta)) return { params };
  // Made anew, not deleted from: that would turn the object into a slow one.
  return { params: others, meta: readMeta(_meta) };
}

function readMeta(written: Fields): Meta {
  const { [timeoutKey]: timeoutMs, timeoutMs: _, ...others } = written;
  return typeof timeoutMs === 'number' && timeoutMs >= 0 ? { timeoutMs, ...others } : others;
}

function writtenMeta({ timeoutMs, ...others }: Meta): Fields | undefined {
  const written: Record<string, unknown> =
    timeoutMs === undefined ? others : { ...others, [timeoutKey]: timeoutMs };
  return Object.keys(written).length === 0 ? undefined : written;
}

/** `params` as it is written: left out where there are no arguments, which is all that some servers take. */
function paramsOf({ params, meta }: { params: Params; meta?: Meta | undefined }): Params | undefined {
  if (Array.isArray(params)) {
    let length = params.length;
    while (length > 0 && params[length - 1] === undefined) length--;
    return length === 0 ? undefined : length === params.length ? params : params.slice(0, length);
  }
  const written = meta === undefined ? undefined : writtenMeta(meta);
  const { _meta: own } = params as Fields;
  if (written === undefined || (own !== undefined && !isRecord(own))) return params;
  return { ...params, _meta: { ...own, ...written } };
}

function notification(method: string, params: Params | undefined): Envelope {
  return {
    object: params === undefined ? { jsonrpc: '2.0', method } : { jsonrpc: '2.0', method, params },
    depth: 2,
  };
}

const idRule = 'must be a string, null, or a number no larger than 2^53 - 1';

/** A larger number would not come back as it was sent. */
function isCallId(id: unknown): id is CallId {
  return (
    typeof id === 'string' ||
    id === null ||
    (typeof id === 'number' && Math.abs(id) <= Number.MAX_SAFE_INTEGER)
  );
}

function isHello(params: Fields): params is Hello {
  return [params.version, params.maxCalls, params.maxMessageBytes].every(
    (number) => typeof number === 'number' && Number.isSafeInteger(number) && number > 0,
  );
}
