/** Certificates for `tls:` addresses, from the files that the options name. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { ConnectOptions, ServeOptions } from 'kindred';
import { UsageError } from './usage.ts';

export interface CertificateFlags {
  ca?: string;
  cert?: string;
  key?: string;
}

export function addCertificateOptions(command: Command, side: 'connects' | 'listens'): Command {
  const trusted =
    side === 'connects' ? 'the server must have a certificate' : 'only callers with a certificate';
  return command
    .option(
      '--ca <FILE>',
      `tls: ${trusted} from the authority in this PEM file${side === 'connects' ? '' : ' get in'}`,
    )
    .option('--cert <FILE>', 'tls: own certificate, as PEM')
    .option('--key <FILE>', 'tls: its key, as PEM');
}

/** Where a listener speaks TLS it needs a certificate. */
export function checkCertificate(address: string, { cert }: CertificateFlags): void {
  if (/^tls:/i.test(address) && cert === undefined)
    throw new UsageError(`${address} needs a certificate: give it with --cert and --key`);
}

type Tls = NonNullable<ConnectOptions['tls']> & NonNullable<ServeOptions['tls']>;

/** As the library takes it; nothing where no file is named. */
export function tlsOf({ ca, cert, key }: CertificateFlags, side: 'connects' | 'listens'): { tls?: Tls } {
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--cert and --key go together');
  if (ca === undefined && cert === undefined) return {};
  return {
    tls: {
      ...(ca === undefined
        ? {}
        : {
            ca: read('--ca', ca),
            ...(side === 'listens' ? { requestCert: true, rejectUnauthorized: true } : {}),
          }),
      ...(cert === undefined || key === undefined
        ? {}
        : { cert: read('--cert', cert), key: read('--key', key) }),
    },
  };
}

function read(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(
      `the file of ${option} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
