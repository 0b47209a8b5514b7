/**
 * Errors on their way over the wire and back.
 *
 * ```
 *   { code: -32000, message: 'no such user', data: { code: 'ERR_REMOTE', thrown: Error, retryable, stack? } }   to a Kindred
 *   { code: -32000, message: 'no such user', data: { name: 'Error', code?, data?, cause?, errors? } }           to a stranger
 * ```
 * What a function threw arrives as `cause` of a `KindredError` with code `ERR_REMOTE`, whatever it was: an error of any
 * class, `0`, `undefined`. An error that was thrown with an integer `code` keeps it as its JSON-RPC code, and its `data`.
 */
import { type ErrorCode, errorCodes, KindredError, type Outcome } from '../base/errors.ts';
import { rpcCodes, type WireError } from '../wire/message.ts';

const wireCodes: Partial<Record<ErrorCode, number>> = {
  ERR_METHOD_NOT_FOUND: rpcCodes.methodNotFound,
  ERR_INVALID_PARAMS: rpcCodes.invalidParams,
  ERR_INVALID_REQUEST: rpcCodes.invalidRequest,
  ERR_PROTOCOL: rpcCodes.invalidRequest,
  ERR_CANCELLED: rpcCodes.requestCancelled,
  ERR_NOT_ENCODABLE: rpcCodes.internalError,
  ERR_INTERNAL: rpcCodes.internalError,
};

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
  return { code: wireCodes[error.code] ?? rpcCodes.serverError, message: error.message, data };
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
    return degraded({ code: rpcCodes.serverError, message: messageOf(thrown) }, thrown);
  }
}

function tell(thrown: unknown, { kindred, withStack }: Listener): WireError {
  // A function may refuse its own arguments; what it got from a call of its own is a failure like any other.
  if (thrown instanceof KindredError && thrown.code === 'ERR_INVALID_PARAMS' && thrown.outcome === undefined)
    return refusalToWire(thrown);
  const message = messageOf(thrown);
  const ownCode: unknown = thrown instanceof Error ? (thrown as { code?: unknown }).code : undefined;
  const code = Number.isSafeInteger(ownCode) ? (ownCode as number) : rpcCodes.serverError;
  if (!kindred) {
    const details = code === ownCode ? (thrown as { data?: unknown }).data : plainDetails(thrown, 0);
    return details === undefined ? { code, message } : { code, message, data: details };
  }
  const data: Record<string, unknown> = { code: 'ERR_REMOTE', thrown };
  if (thrown instanceof KindredError) data['retryable'] = thrown.retryable;
  else if (thrown instanceof Error && typeof (thrown as { retryable?: unknown }).retryable === 'boolean')
    data['retryable'] = (thrown as { retryable?: unknown }).retryable;
  if (withStack && thrown instanceof Error) data['stack'] = thrown.stack;
  return { code, message, data };
}

/** The same error with nothing left that could fail to be said: the last resort, so that a failure is never hidden. */
export function degraded(error: WireError, thrown: unknown): WireError {
  const data = { code: 'ERR_REMOTE', name: nameOf(thrown), degraded: true };
  return { code: error.code, message: error.message.slice(0, mostWords), data };
}

/** Characters of a degraded error's message. */
const mostWords = 4096;

function nameOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.name).slice(0, mostWords) : typeof thrown;
  } catch {
    return typeof thrown;
  }
}

/** The error of an answer, as the caller gets it. */
export function fromWire(error: WireError): KindredError {
  const data = isRecord(error.data) ? error.data : undefined;
  const named = data?.['code'];
  if (
    data !== undefined &&
    typeof named === 'string' &&
    named !== 'ERR_REMOTE' &&
    Object.hasOwn(errorCodes, named)
  ) {
    const outcome = toldOutcome(named as ErrorCode, data['outcome']);
    return new KindredError(named as ErrorCode, error.message, {
      outcome,
      origin: 'remote',
      data: data['data'],
    });
  }
  if (named === 'ERR_REMOTE' && data !== undefined && 'thrown' in data) return fromThrown(error, data);
  const code = tableCodes.get(error.code);
  const cause = revive(error, data);
  // An internal error of a stranger may have come before or after its function ran.
  const outcome = code !== undefined || error.code === rpcCodes.internalError ? 'unknown' : 'executed';
  return new KindredError(code ?? 'ERR_REMOTE', error.message, {
    outcome,
    origin: 'remote',
    cause,
    data: error.data,
    name: cause.name,
  });
}

/** An end that takes no more calls may say of one that it never ran: that is its go-away, in words that JSON has. */
function toldOutcome(code: ErrorCode, told: unknown): Outcome {
  if (told === 'executed' || (told === 'not-sent' && code === 'ERR_PEER_GONE')) return told;
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

export function messageOf(thrown: unknown): string {
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

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
