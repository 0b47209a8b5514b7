/**
 * The one error class of Kindred and the one table of its codes.
 *
 * A broken promise throws a `KindredError`; an expected outcome (an exit code, a cancelled wait that was asked for)
 * is a value. Nobody has to parse a message: `code` says what happened, `outcome` says what became of the call.
 */

/** What became of a call that failed: nothing of it left, its function settled, or nobody can know. */
export type Outcome = 'not-sent' | 'executed' | 'unknown';

/** Every code, with what it means and whether the same attempt may well succeed later. */
export const errorCodes = {
  ERR_ADDRESS_IN_USE: { means: 'another live server holds the address', retryable: false },
  ERR_ALREADY_RUNNING: { means: 'a live process holds the pid file', retryable: false },
  ERR_ARGUMENTS_TOO_LONG: {
    means: 'the arguments and the environment of a child are longer than the system takes',
    retryable: false,
  },
  ERR_BAD_ADDRESS: {
    means: 'the address cannot be understood, or is too long for the system',
    retryable: false,
  },
  ERR_BAD_ARGUMENT: { means: 'an argument or option of the caller is wrong', retryable: false },
  ERR_BAD_CONFIG: {
    means: 'the description of a stack is wrong; `data` names each mistake',
    retryable: false,
  },
  ERR_BAD_CWD: { means: 'a child cannot be started in that working directory', retryable: false },
  ERR_BUSY: { means: 'a bound on waiting work was reached', retryable: true },
  ERR_CANCELLED: { means: 'the caller gave up: its signal fired', retryable: false },
  ERR_CHILD_FAILED: {
    means: 'a child ended with another exit code than 0, or by a signal',
    retryable: false,
  },
  ERR_CLOSED: { means: 'the channel, peer or server was closed on this side', retryable: false },
  ERR_COMMAND_NOT_FOUND: { means: 'there is no such program', retryable: false },
  ERR_CONTRACT: {
    means: 'the other end does not offer what this program was built against',
    retryable: false,
  },
  ERR_FORBIDDEN: { means: 'a rule of the service does not let this caller do it', retryable: false },
  ERR_HANDLE_LOST: {
    means: 'a socket or server was closed on its way, or could not be received',
    retryable: false,
  },
  ERR_INSECURE_ADDRESS: {
    means: 'others could reach the address, and callers are not authenticated',
    retryable: false,
  },
  ERR_INTERNAL: { means: 'a defect of this library', retryable: false },
  ERR_INVALID_PARAMS: { means: 'the arguments do not fit the function', retryable: false },
  ERR_INVALID_REQUEST: { means: 'a well-formed message that is no request', retryable: false },
  ERR_INVALID_RESULT: { means: 'what the function gave does not fit its schema', retryable: false },
  ERR_LIMIT: { means: 'a limit was broken; the message names it and the number', retryable: false },
  ERR_METHOD_NOT_FOUND: { means: 'the service offers no function of that name', retryable: false },
  ERR_NOT_AUTHENTICATED: {
    means: 'one of the two ends has not proved that it knows the secret of the other',
    retryable: false,
  },
  ERR_NOT_ENCODABLE: {
    means: 'a value cannot be said in the dialect; the message names its path',
    retryable: false,
  },
  ERR_NOT_EXECUTABLE: { means: 'the program is there, and cannot be executed', retryable: false },
  ERR_NOT_PERMITTED: { means: 'the system does not allow it to this user', retryable: false },
  ERR_NOT_REACHABLE: { means: 'nobody listens at the address', retryable: true },
  ERR_NOT_SUPPORTED: { means: 'this channel, peer or platform cannot do it', retryable: false },
  ERR_PEER_GONE: { means: 'the other end closed, died or was cut off', retryable: true },
  ERR_PROTOCOL: { means: 'the other end sent what its dialect forbids', retryable: false },
  ERR_RELEASED: {
    means: 'a function or stream was used after the call that lent it had ended',
    retryable: false,
  },
  ERR_REMOTE: { means: 'the function of the other end threw; `cause` is what it threw', retryable: false },
  ERR_RESERVED_MESSAGE: { means: 'Node.js would swallow the message as its own', retryable: false },
  ERR_START_FAILED: { means: 'a child or thread ended or failed before it was ready', retryable: false },
  ERR_TIMEOUT: { means: 'the time given ran out', retryable: true },
  ERR_UNSAFE_DIRECTORY: { means: 'a directory that must be private is not', retryable: false },
  ERR_UNSAFE_FILE: { means: 'a file that must be private is not', retryable: false },
} as const;

export type ErrorCode = keyof typeof errorCodes;

export interface KindredErrorOptions {
  /** What lies beneath: the system's error, or what the function of the other end threw. */
  cause?: unknown;
  /** What became of the call; absent where the error is not about a call. */
  outcome?: Outcome;
  /** Details for programs. */
  data?: unknown;
  /** Whether the same attempt may well succeed later; the table's word by default. */
  retryable?: boolean;
  /** Where the error arose: in this process, or at the other end. Default `local`. */
  origin?: 'local' | 'remote';
  /** The name to show instead of `KindredError`: that of what was thrown at the other end. */
  name?: string;
}

// Shared by every copy of the package in this process, so that `instanceof` holds across them.
const brand = Symbol.for('kindred.error');

export class KindredError extends Error {
  readonly code: ErrorCode;
  readonly outcome: Outcome | undefined;
  readonly data: unknown;
  readonly retryable: boolean;
  readonly origin: 'local' | 'remote';

  constructor(code: ErrorCode, message: string, options: KindredErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.outcome = options.outcome;
    this.data = options.data;
    this.retryable = options.retryable ?? errorCodes[code].retryable;
    this.origin = options.origin ?? 'local';
    Object.defineProperty(this, 'name', {
      value: options.name ?? 'KindredError',
      configurable: true,
      writable: true,
    });
    Object.defineProperty(this, brand, { value: true });
  }

  /** Never throws, whatever is asked about: a revoked proxy is no error of ours. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    try {
      return typeof value === 'object' && value !== null && (value as { [brand]?: unknown })[brand] === true;
    } catch {
      return false;
    }
  }

  /** The same failure, told of a call: with what became of it. */
  withOutcome(outcome: Outcome): KindredError {
    return new KindredError(this.code, this.message, {
      ...('cause' in this ? { cause: this.cause } : {}),
      outcome,
      data: this.data,
      retryable: this.retryable,
      origin: this.origin,
      name: this.name,
    });
  }
}
