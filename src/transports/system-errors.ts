/** What the system says, told as a `KindredError`: which address, what happened, what the likely mend is. */
import { KindredError } from '../base/errors.ts';

/** The parts of a system error that Node.js fills in; all of them may be missing. */
interface SystemError extends Error {
  code?: string;
  syscall?: string;
  errors?: unknown[];
}

const untrusted =
  'the authority that signed its certificate is not trusted here: give the certificate of that authority as `ca`';
const shunned =
  'it refused the hand-shake: where it asks callers for a certificate, give one of its authority as `cert` and `key`';
const noTls = 'what answers there does not speak TLS: take tcp://';

const reasons: Record<string, string> = {
  EACCES: 'permission denied',
  EADDRINUSE: 'the address is in use',
  EADDRNOTAVAIL: 'this machine has no such address',
  EAGAIN: 'the server does not keep up with accepting connections',
  EAI_AGAIN: 'the name cannot be looked up now',
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the connection was reset by the other end',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  ENOENT: 'there is nothing at that path',
  ENOTDIR: 'a part of the path is no directory',
  ENOTFOUND: 'the host name is not known',
  ENOTSOCK: 'what is there is no socket',
  EPERM: 'permission denied',
  EPIPE: 'the other end reads no more',
  EPROTOTYPE: 'what is there is a datagram socket',
  EROFS: 'the file system is read-only',
  ETIMEDOUT: 'the other end did not answer in time',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'its certificate is signed by itself and not trusted here: give that certificate as `ca`',
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE': shunned,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: shunned,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: shunned,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: noTls,
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
};

/** Trying again does not help with these; somebody has to do something first. */
const lasting = new Set(['EACCES', 'EPERM', 'ENOTSOCK', 'EPROTOTYPE', 'ENOTDIR', 'EADDRNOTAVAIL']);

export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** `ERR_NOT_REACHABLE`: a connection could not be made. No byte of anything was sent. */
export function notReachable(address: string, error: unknown, mend?: string): KindredError {
  const cause = likeliest(error);
  const code = codeOf(cause);
  return new KindredError(
    'ERR_NOT_REACHABLE',
    `${address} cannot be reached: ${reasonOf(cause)}${mend === undefined ? '' : `; ${mend}`}`,
    {
      cause: error,
      outcome: 'not-sent',
      retryable: !isOfCertificates(code) && !(code !== undefined && lasting.has(code)),
    },
  );
}

/** An open connection failed. */
export function connectionLost(name: string, error: unknown): KindredError {
  if (error instanceof KindredError) return error;
  if (codeOf(error) === 'ERR_STREAM_WRITE_AFTER_END')
    return new KindredError('ERR_CLOSED', `${name}: written to after its end was told`, { cause: error });
  // With TLS 1.3 a caller hears that its certificate is not taken when its own hand-shake is over.
  const retryable = !isOfCertificates(codeOf(error));
  return new KindredError('ERR_PEER_GONE', `${name}: ${reasonOf(error)}`, { cause: error, retryable });
}

function isOfCertificates(code: string | undefined): boolean {
  return code !== undefined && /CERT|^ERR_TLS|^ERR_SSL|SELF_SIGNED|UNABLE_TO/.test(code);
}

/** A listener could not be opened, or failed while it was open. */
export function cannotListen(address: string, error: unknown): KindredError {
  if (error instanceof KindredError) return error;
  const code = codeOf(error);
  if (code === 'EADDRINUSE')
    return new KindredError('ERR_ADDRESS_IN_USE', `${address} is in use by another socket`, { cause: error });
  const told =
    code === 'EACCES' ||
    code === 'EPERM' ||
    code === 'EADDRNOTAVAIL' ||
    code === 'ENOTFOUND' ||
    code === 'ENOENT' ||
    code === 'ENOTDIR' ||
    code === 'EROFS';
  return new KindredError(
    told ? 'ERR_BAD_ADDRESS' : 'ERR_NOT_SUPPORTED',
    `cannot listen at ${address}: ${reasonOf(error)}`,
    { cause: error },
  );
}

export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  const reason = code === undefined ? undefined : reasons[code];
  if (reason !== undefined) return `${reason} (${code})`;
  return error instanceof Error ? error.message : String(error);
}

/** A name with several addresses fails with all of their errors; the first one says most. */
function likeliest(error: unknown): unknown {
  const { errors } = (error ?? {}) as SystemError;
  return Array.isArray(errors) && errors.length > 0 ? errors[0] : error;
}
