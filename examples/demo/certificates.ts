/** Certificates for one run of the demo: an authority of its own, a server and a caller that it vouches for. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'selfsigned';

export type Holder = 'server' | 'caller';

export interface Certificates {
  ca: string;
  cert: string;
  key: string;
}

/** Writes them to a folder that only this user can read. */
export async function makeCertificates(folder: string): Promise<void> {
  const kind = { keyType: 'ec', algorithm: 'sha256' } as const;
  const authority = await generate([{ name: 'commonName', value: 'Kindred demo' }], {
    ...kind,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  const ca = { cert: authority.cert, key: authority.private };
  write(folder, 'ca.pem', ca.cert);
  for (const holder of ['server', 'caller'] as const) {
    const made = await generate([{ name: 'commonName', value: holder }], {
      ...kind,
      ca,
      extensions: [
        { name: 'extKeyUsage', serverAuth: holder === 'server', clientAuth: holder === 'caller' },
        { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
      ],
    });
    write(folder, `${holder}.pem`, made.cert);
    write(folder, `${holder}-key.pem`, made.private);
  }
}

/** The options that `serve` and `connect` take as `tls`. */
export function readCertificates(folder: string, holder: Holder): Certificates {
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  return { ca: read('ca.pem'), cert: read(`${holder}.pem`), key: read(`${holder}-key.pem`) };
}

function write(folder: string, file: string, text: string): void {
  writeFileSync(join(folder, file), text, { mode: 0o600 });
}
