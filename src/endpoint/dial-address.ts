/** From an address that somebody else listens at to a transport. */
import type { ConnectionOptions } from 'node:tls';
import { backoffMs } from '../base/backoff.ts';
import { systemClock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import { pause } from '../base/pause.ts';
import type { ByteTransport } from '../channel/transport.ts';
import type { Address } from '../transports/address.ts';
import { cancelled, type DialOptions } from '../transports/dial.ts';
import type { Secret } from '../transports/secret.ts';

export interface DialAddressOptions {
  /** Gives up with `ERR_CANCELLED`. */
  signal?: AbortSignal | undefined;
  /** Where nobody is there yet: tries until so many milliseconds have passed. Default 0: fails at once. */
  waitMs?: number | undefined;
  /** For `tls:`: as for Node's `tls.connect` (`ca`, `cert`, `key`, ...). */
  tls?: ConnectionOptions | undefined;
  /**
   * Proves to the other end that this one knows it, and asks the same of it, before anything else is said. May not be
   * undefined: what was forgotten must not go out to whoever answers.
   */
  secret?: Secret;
}

export type DialledAddress = Extract<
  Address,
  { kind: 'local' | 'unix' | 'abstract' | 'pipe' | 'tcp' | 'tls' }
>;

export interface Dialled {
  transport: ByteTransport;
  /** The dialects that the listener says it speaks; undefined where it says nothing. */
  dialects?: readonly string[] | undefined;
  /** The listener says that it asks for a secret. */
  secret?: boolean;
}

const backoff = { firstMs: 10, maxMs: 250 };

/** Opens, again and again while nobody is there, until `waitMs` have passed. */
export async function untilReachable<T>(
  address: string,
  open: () => Promise<T> | T,
  { waitMs = 0, signal }: DialAddressOptions,
): Promise<T> {
  const until = systemClock.now() + waitMs;
  for (let failures = 1; ; failures++) {
    if (signal?.aborted === true) throw cancelled(address, signal);
    try {
      return await open();
    } catch (error) {
      const leftMs = until - systemClock.now();
      if (
        !(error instanceof KindredError) ||
        error.code !== 'ERR_NOT_REACHABLE' ||
        !error.retryable ||
        leftMs <= 0
      )
        throw error;
      await pause(Math.min(backoffMs(failures, backoff), leftMs), systemClock, signal);
    }
  }
}

/** A transport is loaded when it is needed: all of them cost a program a quarter of what it takes to start. */
export async function dialAddress(
  address: DialledAddress,
  { signal, tls }: Pick<DialAddressOptions, 'signal' | 'tls'>,
): Promise<Dialled> {
  const options: DialOptions = { signal };
  switch (address.kind) {
    case 'tcp': {
      const { dialTcp } = await import('../transports/tcp.ts');
      return { transport: await dialTcp(address, options) };
    }
    case 'tls': {
      const { dialTls } = await import('../transports/tls.ts');
      return { transport: await dialTls(address, { ...options, tls }) };
    }
    case 'local': {
      const { dialLocal } = await import('../transports/local.ts');
      return dialLocal(address.name, options);
    }
    case 'unix': {
      const { dialUnix } = await import('../transports/unix.ts');
      return { transport: await dialUnix(address.path, options) };
    }
    case 'abstract': {
      const { dialAbstract } = await import('../transports/abstract.ts');
      return { transport: await dialAbstract(address.name, options) };
    }
    case 'pipe': {
      const { dialPipe } = await import('../transports/pipe.ts');
      return { transport: await dialPipe(address.name, options) };
    }
  }
}
