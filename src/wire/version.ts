/** The version of the protocol, and what happens where the two ends differ in it. */
import { KindredError } from '../base/errors.ts';
import type { Hello } from './message.ts';

export const protocolVersion = 1;

/**
 * Of a hello that settles what is spoken from here on. One that only asks may name any later version: the answer names
 * ours, and whoever asked has to come down to it. Throws `ERR_PROTOCOL`.
 */
export function checkVersion({ version }: Hello): void {
  if (version !== protocolVersion)
    throw new KindredError(
      'ERR_PROTOCOL',
      `the other end speaks version ${version} of Kindred's protocol, this end version ${protocolVersion}: use one version of the package at both ends`,
    );
}
