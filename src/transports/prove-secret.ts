/**
 * Two ends prove to each other that they know one secret, before any dialect is spoken. Each line is JSON-RPC 2.0, so that
 * any client can take part, and so that who knows nothing of it answers in a way that can be understood.
 *
 * ```
 *   dialer                                                          listener
 *     $/authenticate {version, nonce}  ->
 *                                      <-  {version, nonce}
 *     $/prove {proof}                  ->                           is one of its secrets in it? then it proves the same
 *                                      <-  {proof}                  (else an error, always the same, and the end)
 * ```
 * Who dials proves first: a stranger who connects gets nothing from the listener over which he could try out secrets.
 */
import { type Clock, systemClock } from '../base/clock.ts';
import { type ErrorCode, KindredError } from '../base/errors.ts';
import { isRecord } from '../base/is-record.ts';
import type { ByteTransport } from '../channel/transport.ts';
import { randomBytes } from './cryptography.ts';
import { cancelled, tooLate } from './dial.ts';
import { type Cut, type FirstLine, FirstLines } from './first-lines.ts';
import { type Exchange, isHex32, type NamedSecret, prove, provedBy } from './proof.ts';
import { notReachable } from './system-errors.ts';

export interface ProofOptions {
  /** For the whole exchange. */
  handshakeMs: number;
  clock?: Clock | undefined;
  random?: ((count: number) => Uint8Array) | undefined;
}

const version = 1;

/** What a dialer hears that has proved nothing, whatever it was that it has said. */
export function notAuthenticated(): KindredError {
  return new KindredError(
    'ERR_NOT_AUTHENTICATED',
    'only callers that prove that they know the secret of this address are answered: give it as { secret }',
    { outcome: 'not-sent' },
  );
}

/**
 * Why nothing was proved: `said nothing` and hung up; was a `stranger` who began to talk of something else; `late`;
 * broke off in the middle (`ended`); gave a proof by none of the secrets (`wrong proof`); came over TLS older than 1.3.
 */
export type NoProof = 'said nothing' | 'stranger' | 'late' | 'ended' | 'wrong proof' | 'old TLS' | 'closed';

export type Verdict =
  | { kind: 'proved'; name: string; transport: ByteTransport }
  /** `stranger`: the transport from its first byte, so that he can be told in the dialect that he speaks. Else he was told. */
  | { kind: 'refused'; why: NoProof; stranger?: ByteTransport };

/** The listener's part. Never throws. Whatever is refused is to be closed by the caller, after a while. */
export class AskForProof {
  readonly verdict: Promise<Verdict>;
  readonly #lines: FirstLines;

  constructor(transport: ByteTransport, secrets: readonly NamedSecret[], options: ProofOptions) {
    this.#lines = new FirstLines(transport);
    const timer = (options.clock ?? systemClock).after(options.handshakeMs, () => this.#lines.cut('late'));
    timer.unref();
    this.verdict = askForProof(this.#lines, transport, secrets, options.random ?? randomBytes).finally(() =>
      timer.cancel(),
    );
  }

  /** The listener closes: there is nothing to prove any more. */
  close(): void {
    this.#lines.cut('closed');
  }
}

async function askForProof(
  lines: FirstLines,
  { tls }: ByteTransport,
  secrets: readonly NamedSecret[],
  random: (count: number) => Uint8Array,
): Promise<Verdict> {
  const first = await lines.next();
  const opening = requestIn(first, '$/authenticate');
  const { version: asked, nonce } = opening?.params ?? {};
  if (opening === undefined || !isHex32(nonce) || !(typeof asked === 'number' && asked >= version)) {
    if (first.kind === 'line' || first.kind === 'other')
      return { kind: 'refused', why: 'stranger', stranger: lines.handOn('start') };
    return refuse(lines, first.kind === 'ended' && lines.isEmpty ? 'said nothing' : first.kind, null);
  }
  const binding = tls === undefined ? '' : hexOf(tls.binding());
  if (binding === undefined) return refuse(lines, 'old TLS', opening.id);
  const exchange: Exchange = { dialer: nonce, listener: hexOf(random(32)), binding };
  lines.write(resultOf(opening.id, { version, nonce: exchange.listener }));
  const second = await lines.next();
  if (second.kind !== 'line' && second.kind !== 'other') return refuse(lines, second.kind, null);
  const answer = requestIn(second, '$/prove');
  const secret = provedBy(secrets, answer?.params['proof'], 'dialer', exchange);
  if (secret === undefined || answer === undefined) return refuse(lines, 'wrong proof', answer?.id ?? null);
  lines.write(resultOf(answer.id, { proof: prove(secret.bytes, 'listener', exchange) }));
  return { kind: 'proved', name: secret.name, transport: lines.handOn('here') };
}

function refuse(lines: FirstLines, why: Exclude<NoProof, 'stranger'> | Cut, id: Id): Verdict {
  const { code, message } = notAuthenticated();
  lines.write({ jsonrpc: '2.0', id, error: { code: -32050, message, data: { code } } });
  lines.end();
  return { kind: 'refused', why: why === 'cancelled' ? 'closed' : why };
}

export interface ProveOptions extends ProofOptions {
  /** For errors. */
  address: string;
  signal?: AbortSignal | undefined;
}

/**
 * The dialer's part: the transport as from behind the exchange. Where it throws the transport is closed: `ERR_NOT_AUTHENTICATED`,
 * `ERR_NOT_REACHABLE` (it was closed meanwhile), `ERR_TIMEOUT`, `ERR_CANCELLED`.
 */
export async function proveSecret(
  transport: ByteTransport,
  secret: Uint8Array,
  { address, handshakeMs, signal, clock = systemClock, random = randomBytes }: ProveOptions,
): Promise<ByteTransport> {
  const lines = new FirstLines(transport);
  const timer = clock.after(handshakeMs, () => lines.cut('late'));
  const onAbort = (): void => lines.cut('cancelled');
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  const answer = async (id: number): Promise<Record<string, unknown>> => {
    const line = await lines.next();
    if (line.kind === 'line' || line.kind === 'other') return resultIn(line, id, address);
    if (line.kind === 'late')
      throw tooLate(address, handshakeMs, 'it has not answered our question for its proof of the secret');
    if (line.kind === 'cancelled') throw cancelled(address, signal as AbortSignal);
    throw notReachable(
      address,
      new Error('it hung up before it had proved that it knows the secret'),
      'where too many proofs have failed, it does so for a minute',
    );
  };
  try {
    const dialer = hexOf(random(32));
    lines.write({ jsonrpc: '2.0', id: 1, method: '$/authenticate', params: { version, nonce: dialer } });
    const { version: agreed, nonce: listener } = await answer(1);
    if (agreed !== version || !isHex32(listener)) throw unproved(address);
    const binding = transport.tls === undefined ? '' : hexOf(transport.tls.binding());
    if (binding === undefined)
      throw refused(address, 'speaks TLS older than 1.3, to which no proof can be bound');
    const exchange: Exchange = { dialer, listener, binding };
    lines.write({
      jsonrpc: '2.0',
      id: 2,
      method: '$/prove',
      params: { proof: prove(secret, 'dialer', exchange) },
    });
    const { proof } = await answer(2);
    if (provedBy([{ name: '', bytes: secret }], proof, 'listener', exchange) === undefined)
      throw unproved(address);
    return lines.handOn('here');
  } catch (error) {
    transport.destroy();
    throw error;
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}

function unproved(address: string): KindredError {
  return refused(
    address,
    'has not proved that it knows the secret: it was started without one, or with another; nothing was sent to it',
  );
}

function refused(address: string, what: string): KindredError {
  return new KindredError('ERR_NOT_AUTHENTICATED', `${address} ${what}`, { outcome: 'not-sent' });
}

type Id = string | number | null;

function resultOf(id: Id, result: object): object {
  return { jsonrpc: '2.0', id, result };
}

function requestIn(
  line: FirstLine,
  wanted: string,
): { id: Exclude<Id, null>; params: Record<string, unknown> } | undefined {
  const { jsonrpc, id, method, params } = objectIn(line) ?? {};
  if (jsonrpc !== '2.0' || method !== wanted || !isRecord(params)) return undefined;
  return typeof id === 'string' || Number.isSafeInteger(id)
    ? { id: id as string | number, params }
    : undefined;
}

/** Throws what an error in its place means. */
function resultIn(line: FirstLine, wanted: number, address: string): Record<string, unknown> {
  const { id, result, error } = objectIn(line) ?? {};
  if (id === wanted && isRecord(result)) return result;
  const data = isRecord(error) ? error['data'] : undefined;
  const code = isRecord(data) ? data['code'] : undefined;
  if (code === 'ERR_NOT_AUTHENTICATED')
    throw refused(address, 'does not know our secret: give one of its own');
  // It has no room for us, and says so to whoever comes.
  if (code === 'ERR_LIMIT' || code === 'ERR_BUSY')
    throw new KindredError(
      code satisfies ErrorCode,
      `${address}: ${(error as { message?: unknown }).message}`,
      {
        outcome: 'not-sent',
        origin: 'remote',
      },
    );
  throw unproved(address);
}

function objectIn(line: FirstLine): Record<string, unknown> | undefined {
  if (line.kind !== 'line') return undefined;
  try {
    const value: unknown = JSON.parse(line.text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function hexOf(bytes: Uint8Array): string;
function hexOf(bytes: Uint8Array | undefined): string | undefined;
function hexOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined
    ? undefined
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
