/** Every bound and its default. What reaches a bound waits, or gets an error that names the bound and the number. */
export interface Limits {
  /** Bytes of one message as encoded, all its pieces together. */
  maxMessageBytes: number;
  /** Depth of a value: a scalar has depth 0, an array or object one more than its deepest member. */
  maxDepth: number;
  /** Calls in flight, each direction, per peer, and as many notifications that are not started; then senders wait. */
  maxCalls: number;
  /**
   * Calls that wait for a place among `maxCalls`, or for room to write; then `ERR_BUSY`. Of the other end as many wait to
   * be run at most; then its connection is closed.
   */
  maxWaitingCalls: number;
  /** Bytes that wait to be written, per peer; then senders wait. A larger message is admitted when nothing else waits, and others have their room beside it. */
  maxBufferedBytes: number;
  /** Open streams, each direction, per peer; one more is refused, by `ERR_LIMIT`. */
  maxStreams: number;
  /** Connections per listener. */
  maxConnections: number;
  /** Of these, from one remote address (of IPv6, from one /64 network). */
  maxConnectionsPerAddress: number;
  /**
   * Failed proofs of a secret from one remote address (of a Unix domain socket, from all) within a minute; then its
   * connections are closed at once, until a minute has passed since the last of them.
   */
  maxFailedProofs: number;
  /** Time for the hand-shake (the binary dialect, TLS, secrets), in milliseconds. Towards a child, which has to start first, the default is 30,000. */
  handshakeMs: number;
  /**
   * Where nothing was heard over a network for so long: a ping, in milliseconds, whether or not an answer is awaited. So an
   * end that vanishes is found after `heartbeatMs * (1 + heartbeatMisses)`. 0: never.
   */
  heartbeatMs: number;
  /**
   * Pings in a row, each `heartbeatMs` after the one before, that stay without an answer; then the connection is lost. Four
   * times as many where the system tells that they do arrive (Linux): that end is blocked.
   */
  heartbeatMisses: number;
  /**
   * Between two Kindreds over `tcp:` and `tls:`: how long a connection that was lost may be away, in milliseconds, before
   * it is given up. Until then calls, streams and lent functions wait, and go on where they were. The smaller number of
   * the two ends counts. 0: a lost connection is over at once.
   */
  resumeMs: number;
}

const KiB = 1024;
const MiB = 1024 * KiB;

export const defaultLimits: Readonly<Limits> = Object.freeze({
  maxMessageBytes: 64 * MiB,
  maxDepth: 512,
  maxCalls: 1024,
  maxWaitingCalls: 64 * KiB,
  maxBufferedBytes: 16 * MiB,
  maxStreams: 256,
  maxConnections: 4096,
  maxConnectionsPerAddress: 4096,
  maxFailedProofs: 10,
  handshakeMs: 5000,
  heartbeatMs: 5000,
  heartbeatMisses: 3,
  resumeMs: 30_000,
});

/** Between a parent and its child, which has to start first: a busy machine may take its time over that. */
export const kinLimits: Readonly<Limits> = Object.freeze({ ...defaultLimits, handshakeMs: 30_000 });
