/** The options by which callers are authenticated, read and checked. */
import { KindredError } from '../base/errors.ts';
import type { NamedSecret } from '../transports/proof.ts';
import type { Secret } from '../transports/secret.ts';
import { wrong } from './check-options.ts';

/** Of whoever serves. Neither may be undefined: a secret that was forgotten must not open the door. */
export interface SecretOptions {
  /** Only callers that prove that they know it get in, and they are proved the same. Its name in `peer.identity` is `default`. */
  secret?: Secret;
  /** The same with several, by the name that each is to have in `peer.identity`: callers know any of them. */
  secrets?: Readonly<Record<string, Secret>>;
}

/** The name of a secret that was given without one. */
export const defaultName = 'default';

/** Undefined where no secret is asked for. Makes the files that are to be made. Throws as `readSecret`. */
export async function secretsOf(options: SecretOptions): Promise<readonly NamedSecret[] | undefined> {
  checkGiven(options, 'secret', 'secrets');
  const { secret, secrets } = options;
  if (secret === undefined && secrets === undefined) return undefined;
  // Loaded when it is needed, as a transport is.
  const { readSecret } = await import('../transports/secret.ts');
  const read: NamedSecret[] = [];
  const add = (name: string, what: string, given: Secret): void => {
    const bytes = readSecret(what, given, true);
    const same = read.find((other) => other.name === name || Buffer.compare(other.bytes, bytes) === 0);
    if (same !== undefined) throw wrong(`${what} is there already, as ${JSON.stringify(same.name)}`);
    read.push({ name, bytes });
  };
  if (secret !== undefined) add(defaultName, 'secret', secret);
  for (const [name, given] of Object.entries(secrets ?? {})) add(name, `secrets.${name}`, given);
  if (read.length === 0) throw wrong('secrets is empty, so that nobody could get in');
  return read;
}

/** An option that is there and has no value is most likely a variable that was not set. */
export function checkGiven(options: object, ...names: string[]): void {
  for (const name of names)
    if (Object.hasOwn(options, name) && (options as Record<string, unknown>)[name] === undefined)
      throw wrong(`${name} is undefined: give one, or leave the option out`);
}

/** Of what is no address that others can dial. */
export function noSecret(target: string): KindredError {
  return new KindredError(
    'ERR_NOT_SUPPORTED',
    `${target} takes no secret: only whoever is meant can reach it. Leave the option out`,
    { outcome: 'not-sent' },
  );
}
