/**
 * Errors on their way over the wire and back.
 *
 * ```
 *   thrown  { code: -32000, message: 'no such user', data: { code: 'ERR_REMOTE', thrown: Error, retryable, stack? } }  to a Kindred
 *           { code: -32000, message: 'no such user', data: { name: 'Error', code?, data?, cause?, errors? } }          to a stranger
 *   refused { code: -32601, message: 'the service has no ...', data: { code: 'ERR_METHOD_NOT_FOUND', outcome?, data? } }
 * ```
 * The integer alone tells the two apart: no thrown error goes out with a code of `ownCodes`, so nothing that a function
 * throws can pass for a word of this library about the call.
 *
 * What a function threw arrives as `cause` of a `KindredError` with code `ERR_REMOTE`, whatever it was: an error of any
 * class, `0`, `undefined`. An error that was thrown with an integer `code` keeps it as its JSON-RPC code, and its `data`.
 */
import { type ErrorCode, errorCodes, KindredError, type Outcome } from '../base/errors.ts';
import { isRecord } from '../base/is-record.ts';
import { rpcCodes, type WireError } from '../wire/message.ts';

const wireCodes: Partial<Record<ErrorCode, number>> = {
  ERR_METHOD_NOT_FOUND: rpcCodes.methodNotFound,
  ERR_INVALID_PARAMS: rpcCodes.invalidParams,
  ERR_INVALID_RESULT: rpcCodes.internalError,
  ERR_INVALID_REQUEST: rpcCodes.invalidRequest,
  ERR_PROTOCOL: rpcCodes.invalidRequest,
  ERR_CANCELLED: rpcCodes.requestCancelled,
  ERR_NOT_ENCODABLE: rpcCodes.internalError,
  ERR_INTERNAL: rpcCodes.internalError,
  ERR_LIMIT: rpcCodes.internalError,
};

/** What only this library says. */
const ownCodes: ReadonlySet<number> = new Set([
  rpcCodes.parseError,
  rpcCodes.requestCancelled,
  rpcCodes.refused,
  ...Object.values(wireCodes),
]);

const tableCodes = new Map<number, ErrorCode>([
  [rpcCodes.methodNotFound, 'ERR_METHOD_NOT_FOUND'],
  [rpcCodes.invalidParams, 'ERR_INVALID_PARAMS'],
  [rpcCodes.invalidRequest, 'ERR_INVALID_REQUEST'],
  [rpcCodes.parseError, 'ERR_INVALID_REQUEST'],
  [rpcCodes.requestCancelled, 'ERR_CANCELLED'],
]);

/** An error about a call that this library itself found: unknown method, wrong params, a result that cannot be said. */
export function refusalToWire(error: KindredError): WireError {
  const data: Record<string, unknown> = { code: error.code };
  if (error.outcome !== undefined) data['outcome'] = error.outcome;
  if (error.data !== undefined) data['data'] = error.data;
  return { code: wireCodes[error.code] ?? rpcCodes.refused, message: error.message, data };
}

/** Who the caller is. `kindred`: it takes values of every kind. `withStack`: it is close kin, or was promised the stack. */
interface Listener {
  kindred: boolean;
  withStack: boolean;
}

/** What a function threw. Never throws itself, whatever that was. */
export function thrownToWire(thrown: unknown, listener: Listener): WireError {
  try {
    return tell(thrown, listener);
  } catch {
    return degraded({ code: rpcCodes.thrown, message: messageOf(thrown), data: { thrown } });
  }
}

function tell(thrown: unknown, { kindred, withStack }: Listener): WireError {
  // A function may refuse its own arguments, or its result; what it got from a call of its own is a failure like any other.
  if (thrown instanceof KindredError && misfits.has(thrown.code) && thrown.outcome === undefined)
    return refusalToWire(thrown.withOutcome('executed'));
  const message = messageOf(thrown);
  const code = codeOf(thrown);
  if (!kindred) {
    const details = code === rpcCodes.thrown ? plainDetails(thrown, 0) : (thrown as { data?: unknown }).data;
    return details === undefined ? { code, message } : { code, message, data: details };
  }
  const data: Record<string, unknown> = { code: 'ERR_REMOTE', thrown };
  if (thrown instanceof KindredError) data['retryable'] = thrown.retryable;
  else if (thrown instanceof Error && typeof (thrown as { retryable?: unknown }).retryable === 'boolean')
    data['retryable'] = (thrown as { retryable?: unknown }).retryable;
  if (withStack && thrown instanceof Error) data['stack'] = thrown.stack;
  return { code, message, data };
}

/** What schemas say of a function, and functions of what they get. */
const misfits: ReadonlySet<ErrorCode> = new Set(['ERR_INVALID_PARAMS', 'ERR_INVALID_RESULT']);

/** An error's own integer, unless JSON-RPC reserves it for errors of the protocol, or this library does. */
function codeOf(thrown: unknown): number {
  const code: unknown = thrown instanceof Error ? (thrown as { code?: unknown }).code : undefined;
  if (!Number.isSafeInteger(code)) return rpcCodes.thrown;
  const own = code as number;
  return (own >= -32768 && own < -32099) || ownCodes.has(own) ? rpcCodes.thrown : own;
}

/** The same error with nothing left that could fail to be said: the last resort, so that a failure is never hidden. */
export function degraded(error: WireError): WireError {
  const { code } = error;
  const { code: named, outcome = 'unknown', thrown } = (error.data ?? {}) as Record<string, unknown>;
  const data = ownCodes.has(code) ? { code: named, outcome } : { code: 'ERR_REMOTE', name: nameOf(thrown) };
  return { code, message: error.message.slice(0, mostWords), data: { ...data, degraded: true } };
}

/** Characters of a degraded error's message. */
const mostWords = 4096;

function nameOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.name).slice(0, mostWords) : 'Error';
  } catch {
    return 'Error';
  }
}

/** The error of an answer, as the caller gets it. */
export function fromWire(error: WireError): KindredError {
  const data = isRecord(error.data) ? error.data : undefined;
  const named = data?.['code'];
  const isOwn = ownCodes.has(error.code);
  if (data !== undefined && isOwn && typeof named === 'string' && Object.hasOwn(errorCodes, named))
    return new KindredError(named as ErrorCode, error.message, {
      outcome: toldOutcome(named as ErrorCode, data['outcome']),
      origin: 'remote',
      data: data['data'],
    });
  if (named === 'ERR_REMOTE' && data !== undefined && 'thrown' in data) return fromThrown(error, data);
  const cause = revive(error, data);
  return new KindredError(tableCodes.get(error.code) ?? 'ERR_REMOTE', error.message, {
    // An internal error of a stranger may have come before or after its function ran.
    outcome: isOwn ? 'unknown' : 'executed',
    origin: 'remote',
    cause,
    data: error.data,
    name: cause.name,
  });
}

/**
 * An end that takes no more calls may say of one that it never ran: that is its go-away, in words that JSON has. So may
 * one that never had a function to run, or not all the handles that it was to run with; and what turns calls away before
 * their function is asked, by a limit or a rule.
 */
const neverRan: ReadonlySet<ErrorCode> = new Set([
  'ERR_PEER_GONE',
  'ERR_START_FAILED',
  'ERR_HANDLE_LOST',
  'ERR_BUSY',
  'ERR_FORBIDDEN',
]);

function toldOutcome(code: ErrorCode, told: unknown): Outcome {
  if (told === 'executed' || (told === 'not-sent' && neverRan.has(code))) return told;
  return 'unknown';
}

function fromThrown(error: WireError, data: Record<string, unknown>): KindredError {
  const { thrown } = data;
  const isError = thrown instanceof Error;
  if (isError && typeof data['stack'] === 'string')
    Object.defineProperty(thrown, 'stack', { value: data['stack'], configurable: true, writable: true });
  return new KindredError('ERR_REMOTE', error.message, {
    cause: thrown,
    outcome: 'executed',
    origin: 'remote',
    ...(typeof data['retryable'] === 'boolean' ? { retryable: data['retryable'] } : {}),
    ...(isError ? { name: thrown.name, data: (thrown as { data?: unknown }).data } : {}),
  });
}

/** An error of a plain JSON-RPC peer, as an error object with its name, code and data. */
function revive(error: WireError, data: Record<string, unknown> | undefined): Error {
  const revived = new Error(error.message);
  const name = data?.['name'];
  if (typeof name === 'string')
    Object.defineProperty(revived, 'name', { value: name, configurable: true, writable: true });
  return Object.assign(revived, { code: error.code }, error.data === undefined ? {} : { data: error.data });
}

function messageOf(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return String(thrown.message);
    return `the function threw ${typeof thrown === 'string' ? JSON.stringify(thrown) : String(thrown)}, which is no Error`;
  } catch {
    return 'the function threw a value that cannot be shown';
  }
}

const maxCauses = 8;

/** What JSON can say of an error. */
function plainDetails(thrown: unknown, depth: number): Record<string, unknown> | undefined {
  if (!(thrown instanceof Error)) return isPlainJson(thrown) ? { thrown } : undefined;
  const details: Record<string, unknown> = { name: String(thrown.name) };
  const { code, data, cause, errors } = thrown as {
    code?: unknown;
    data?: unknown;
    cause?: unknown;
    errors?: unknown;
  };
  if (typeof code === 'string' || typeof code === 'number') details['code'] = code;
  if (data !== undefined && isPlainJson(data)) details['data'] = data;
  if (depth < maxCauses && cause instanceof Error)
    details['cause'] = { message: cause.message, ...plainDetails(cause, depth + 1) };
  if (depth < maxCauses && Array.isArray(errors))
    details['errors'] = errors
      .slice(0, 64)
      .map((one) => ({ message: messageOf(one), ...plainDetails(one, depth + 1) }));
  return details;
}

function isPlainJson(value: unknown): boolean {
  try {
    const text = JSON.stringify(value);
    return text !== undefined && text.length < 64 * 1024;
  } catch {
    return false;
  }
}
