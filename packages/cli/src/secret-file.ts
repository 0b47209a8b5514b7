/** The file that holds the secret of both ends. */
import type { Command } from 'commander';
import type { SecretFile } from 'kindred';

export interface SecretFlags {
  secretFile?: string;
}

export function addSecretOption(command: Command, side: 'connects' | 'listens'): Command {
  const what =
    side === 'connects'
      ? 'prove to the service, and have it prove, that the secret in this file is known'
      : 'only callers that know the secret in this file get in; it is made where it is missing';
  return command.option('--secret-file <FILE>', what);
}

/** As the library takes it; nothing where no file is named. */
export function secretOf({ secretFile }: SecretFlags, side: 'connects' | 'listens'): { secret?: SecretFile } {
  if (secretFile === undefined) return {};
  return { secret: { file: secretFile, create: side === 'listens' } };
}
