/**
 * A proof that somebody knows a secret: HMAC-SHA-256, under the secret, of what this one exchange is.
 *
 * ```
 *   kindred-secret-1 \n   so that it is no proof of anything else, nor of another version
 *   dialer | listener \n  who proves: what one end has said is worth nothing from the mouth of the other
 *   nonce of the dialer \n  nonce of the listener \n      fresh from both: no proof is good twice
 *   binding \n            over TLS, what is common to both ends of this connection alone; else empty
 * ```
 * All bytes as lower-case hexadecimal digits, so that a script can write the text.
 */
import { hmacSha256, isSame, randomBytes } from './cryptography.ts';

export interface Exchange {
  /** 32 bytes, in hexadecimal; as are the others. */
  dialer: string;
  listener: string;
  /** Empty where there is no TLS. */
  binding: string;
}

export interface NamedSecret {
  name: string;
  bytes: Uint8Array;
}

export function textToProve(role: 'dialer' | 'listener', { dialer, listener, binding }: Exchange): string {
  return `kindred-secret-1\n${role}\n${dialer}\n${listener}\n${binding}\n`;
}

/** In hexadecimal. */
export function prove(secret: Uint8Array, role: 'dialer' | 'listener', exchange: Exchange): string {
  return hmacSha256(secret, textToProve(role, exchange)).toString('hex');
}

/**
 * By which of the secrets it was made. Whatever comes for a proof, each secret is tried to the end, so that the time tells
 * neither which one fits nor how much of a wrong proof was right.
 */
export function provedBy(
  secrets: readonly NamedSecret[],
  proof: unknown,
  role: 'dialer' | 'listener',
  exchange: Exchange,
): NamedSecret | undefined {
  const isProof = isHex32(proof);
  const given = isProof ? Buffer.from(proof, 'hex') : randomBytes(32);
  const text = textToProve(role, exchange);
  let found: NamedSecret | undefined;
  for (const secret of secrets) if (isSame(hmacSha256(secret.bytes, text), given)) found = secret;
  return isProof ? found : undefined;
}

/** 32 bytes as lower-case hexadecimal digits. */
export function isHex32(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}
