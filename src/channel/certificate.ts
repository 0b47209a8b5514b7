/** What a certificate says that the other end has shown and that was found good. Plain data. */

/** The parts of a name (`CN`, `O`, `OU`, ...); a part that stands several times is a list. */
export type CertificateName = Readonly<Record<string, string | readonly string[]>>;

export interface Certificate {
  /** Whom it is for. */
  readonly subject: CertificateName;
  /** Who has signed it. */
  readonly issuer: CertificateName;
  /** As Node.js writes it: `DNS:localhost, IP Address:127.0.0.1`. */
  readonly subjectAltName: string | undefined;
  /** SHA-256 of the certificate: `AB:CD:...`. It names this certificate and no other. */
  readonly fingerprint256: string;
  readonly serialNumber: string;
  /** When it ends to be good, as in `Jan 31 12:00:00 2027 GMT`. */
  readonly validTo: string;
}

/** What TLS knows of one connection. */
export interface TlsFacts {
  /**
   * Bytes that both ends of this connection know and nobody else (`tls-exporter` of RFC 9266). Undefined before TLS 1.3,
   * where they may be the same on two connections.
   */
  binding(): Uint8Array | undefined;
  /** Of the other end; undefined where it has shown none, or none that was found good. */
  readonly certificate: Certificate | undefined;
}
