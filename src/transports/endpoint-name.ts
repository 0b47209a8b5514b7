/**
 * From the name of an endpoint to the name of its socket.
 *
 * Short names of plain characters are taken as they are. All others become what is left of them, `~` and a hash; no
 * plain name holds `~`, so that no two names ever share a socket. Capitals count as others: some file systems do not
 * tell them from small letters.
 */
import { KindredError } from '../base/errors.ts';
import { sha256 } from './cryptography.ts';

const plain = /^[a-z0-9][a-z0-9._-]*$/;
const longestPlain = 40;
const hashLength = 32;

/** `room`: the bytes that the socket's name may have. */
export function endpointFileName(name: string, room: number): string {
  if (name === '')
    throw new KindredError('ERR_BAD_ADDRESS', 'the name of an endpoint is empty: write local:NAME', {
      outcome: 'not-sent',
    });
  if (name.length <= Math.min(longestPlain, room) && plain.test(name)) return name;
  const hash = sha256(name).slice(0, hashLength);
  return `${tidy(name, Math.min(24, room - hashLength - 1))}~${hash}`;
}

/** The least `room` that `endpointFileName` can do with. */
export const leastRoom: number = hashLength + 1;

/** The pipe of a named endpoint on Windows, where pipes share one name space for all users. */
export function endpointPipeName(name: string, user: string): string {
  return `kindred-${tidy(user, 24)}-${endpointFileName(name, 80)}`;
}

/** The path under which Windows knows a pipe. */
export function pipePath(name: string): string {
  const path = `\\\\.\\pipe\\${name}`;
  if (path.length > 256)
    throw new KindredError(
      'ERR_BAD_ADDRESS',
      `pipe:${name.slice(0, 40)}... has ${path.length} characters as a path; Windows allows 256`,
      { outcome: 'not-sent' },
    );
  return path;
}

function tidy(text: string, length: number): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
    .slice(0, Math.max(0, length));
}
