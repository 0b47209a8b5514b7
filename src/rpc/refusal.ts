/** Why a call fails that no function answers. */
import { KindredError } from '../base/errors.ts';

/** A failure that the function had no part in. */
export class CallRefusal {
  readonly #error: KindredError;
  constructor(error: KindredError) {
    this.#error = error;
  }

  /** Asks nothing of what was thrown, which may be a trap. */
  static is(thrown: unknown): thrown is CallRefusal {
    return typeof thrown === 'object' && thrown !== null && #error in thrown;
  }

  get error(): KindredError {
    return this.#error;
  }
}

/** What a caller gets for a result that cannot be sent. */
export function unsayable(method: string, error: unknown): KindredError {
  const { code, message } =
    error instanceof KindredError
      ? error
      : new KindredError('ERR_NOT_ENCODABLE', 'the result could not be read');
  return new KindredError(code, `${method}: its result cannot be sent: ${message}`, { outcome: 'executed' });
}

/** What came with the call was lost before its function was asked. */
export function neverRun(error: KindredError): KindredError {
  return error.code === 'ERR_HANDLE_LOST' ? error.withOutcome('not-sent') : error;
}

export function turnedAway(): KindredError {
  return new KindredError('ERR_CANCELLED', 'the caller has given up', { origin: 'remote' });
}
