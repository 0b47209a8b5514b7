/** Connects a socket and makes a transport of it; what every `dialX` shares. */
import type { Socket } from 'node:net';
import { type Clock, systemClock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import type { ByteTransport } from '../channel/transport.ts';
import { connectSocket } from './direct-reads.ts';
import { createStreamTransport } from './stream.ts';
import { codeOf, notReachable } from './system-errors.ts';

export interface DialOptions {
  /** Gives up with `ERR_CANCELLED`. */
  signal?: AbortSignal | undefined;
  /** Gives up with `ERR_TIMEOUT`. Default: as long as the system tries. */
  timeoutMs?: number | undefined;
  clock?: Clock | undefined;
}

/**
 * Every failure says `outcome: 'not-sent'`, and leaves no socket behind.
 * `ready` is the event at which the socket is fit for use; `handshakeMs` bounds the time from `connect` to it.
 */
export function dialSocket(
  address: string,
  open: () => Socket,
  options: DialOptions,
  handshake?: { ready: string; ms: number },
): Promise<ByteTransport> {
  const { signal, timeoutMs, clock = systemClock } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(cancelled(address, signal));
      return;
    }
    let socket: Socket;
    try {
      socket = open();
    } catch (error) {
      reject(notReachable(address, error));
      return;
    }
    const timer =
      timeoutMs === undefined ? undefined : clock.after(timeoutMs, () => fail(tooLate(address, timeoutMs)));
    let handshakeTimer: typeof timer;
    const onError = (error: Error): void => fail(notReachable(address, error));
    const onClose = (): void =>
      fail(notReachable(address, new Error('the connection was closed by the other end')));
    const onAbort = (): void => fail(cancelled(address, signal as AbortSignal));
    socket
      .once('error', onError)
      .once('close', onClose)
      .once(handshake?.ready ?? 'connect', succeed);
    if (handshake !== undefined)
      socket.once('connect', () => {
        handshakeTimer = clock.after(handshake.ms, () =>
          fail(tooLate(address, handshake.ms, 'the hand-shake did not finish')),
        );
      });
    signal?.addEventListener('abort', onAbort, { once: true });

    function settle(): void {
      timer?.cancel();
      handshakeTimer?.cancel();
      signal?.removeEventListener('abort', onAbort);
      socket.off('close', onClose);
    }
    function succeed(): void {
      if (isToItself(socket)) return fail(notReachable(address, refused()));
      settle();
      // In this very turn, so that the transport hears all that the socket says from now on.
      const transport = createStreamTransport(address, socket);
      socket.off('error', onError);
      resolve(transport);
    }
    function fail(error: KindredError): void {
      settle();
      socket.off('error', onError).on('error', () => {});
      socket.destroy();
      reject(error);
    }
  });
}

/**
 * Where nobody listens at a port from which the system takes those of its own connections, one in many thousand tries is
 * given this very port, and connects to itself. Whoever tries again and again meets that.
 */
function isToItself({ localPort, remotePort, localAddress, remoteAddress }: Socket): boolean {
  return localPort !== undefined && localPort === remotePort && localAddress === remoteAddress;
}

function refused(): Error {
  return Object.assign(new Error('connected to itself'), { code: 'ECONNREFUSED' });
}

export function cancelled(address: string, signal: AbortSignal): KindredError {
  return new KindredError('ERR_CANCELLED', `connecting to ${address} was cancelled`, {
    cause: signal.reason,
    outcome: 'not-sent',
  });
}

export function tooLate(address: string, ms: number, what = 'no connection was made'): KindredError {
  return new KindredError('ERR_TIMEOUT', `${address} cannot be reached: ${what} within ${ms} ms`, {
    outcome: 'not-sent',
  });
}

/** How often a full queue of a live server is tried again, and for how long where no time is given. */
const retryMs = 10;
const fullQueueMs = 1000;

/**
 * Connects to a Unix domain socket or Windows pipe. A server whose queue of connections is full answers with EAGAIN on
 * Linux, where other systems would wait; so do we.
 */
export async function dialPath(address: string, path: string, options: DialOptions): Promise<ByteTransport> {
  const { clock = systemClock, timeoutMs, signal } = options;
  const until = clock.now() + (timeoutMs ?? fullQueueMs);
  for (;;) {
    const left = timeoutMs === undefined ? {} : { timeoutMs: Math.max(0, until - clock.now()) };
    try {
      return await dialSocket(address, () => connectSocket({ path, allowHalfOpen: true }), {
        ...options,
        ...left,
      });
    } catch (error) {
      if (codeOf((error as Error).cause) !== 'EAGAIN' || clock.now() + retryMs > until || signal?.aborted)
        throw error;
    }
    await new Promise<void>((resolve) => void clock.after(retryMs, resolve));
  }
}
