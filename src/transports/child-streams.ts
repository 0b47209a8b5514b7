/** The end of a transport over streams of a child, when the child has ended but a stream has not. */
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { type Clock, systemClock } from '../base/clock.ts';
import type { ByteTransport } from '../channel/transport.ts';

/** After the child's exit: how long to wait for the next of what it had written, in milliseconds. */
const lingerMs = 500;

/**
 * A process that the child has started may hold its streams open long after it (measured), and then their end never
 * comes. So the transport is closed when the child has ended and nothing more arrives. Returns the transport.
 */
export function endAfterExit<Transport extends ByteTransport>(
  child: ChildProcess,
  readable: Readable,
  transport: Transport,
  clock: Clock = systemClock,
): Transport {
  const arrived = (): number => (readable as { bytesRead?: number }).bytesRead ?? 0;
  const look = (before: number): void => {
    clock
      .after(lingerMs, () => {
        if (readable.destroyed || readable.readableEnded) return;
        // A reader that is paused has not heard all yet.
        if (arrived() > before || readable.isPaused()) look(arrived());
        else transport.destroy();
      })
      .unref();
  };
  if (child.exitCode !== null || child.signalCode !== null) look(arrived());
  else child.once('exit', () => look(arrived()));
  return transport;
}
