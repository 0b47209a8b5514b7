/** What a TLS socket knows of the other end, as plain data. */
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { Certificate, CertificateName, TlsFacts } from '../channel/certificate.ts';

/** Undefined where it is no TLS socket; told by what it can do, so that TLS is not loaded to find out. */
export function tlsFactsOf(stream: object): TlsFacts | undefined {
  if (typeof (stream as Partial<TLSSocket>).exportKeyingMaterial !== 'function') return undefined;
  const socket = stream as TLSSocket;
  return {
    binding: () =>
      socket.getProtocol() === 'TLSv1.3'
        ? socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
        : undefined,
    get certificate() {
      return certificateOf(socket);
    },
  };
}

/** `authorized`: an authority of ours has signed it; and at the end that dials, it is for the host that was dialled. */
function certificateOf(socket: TLSSocket): Certificate | undefined {
  if (!socket.authorized) return undefined;
  const shown = socket.getPeerCertificate() as Partial<PeerCertificate> | null;
  if (shown?.fingerprint256 === undefined) return undefined;
  return {
    subject: nameOf(shown.subject),
    issuer: nameOf(shown.issuer),
    subjectAltName: shown.subjectaltname,
    fingerprint256: shown.fingerprint256,
    serialNumber: shown.serialNumber ?? '',
    validTo: shown.valid_to ?? '',
  };
}

function nameOf(name: object | undefined): CertificateName {
  return { ...(name as CertificateName | undefined) };
}
