/** The end of a transport over streams of a child, when the child has ended but a stream has not. */
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import type { ByteTransport } from '../channel/transport.ts';
import { whenSilent } from '../process/after-exit.ts';

/** Closes the transport when the child has ended and nothing more arrives. Returns the transport. */
export function endAfterExit<Transport extends ByteTransport>(
  child: ChildProcess,
  readable: Readable,
  transport: Transport,
  clock?: Clock,
): Transport {
  whenSilent(child, readable, () => transport.destroy(), clock);
  return transport;
}
