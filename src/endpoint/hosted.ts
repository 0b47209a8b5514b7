/** A module that lives somewhere else: a peer, and the end of the place where it lives. */
import { basename } from 'node:path';
import { type Clock, systemClock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import type { Transport } from '../channel/transport.ts';
import type { Exit } from '../process/outcome.ts';
import type { OwnPeer } from '../rpc/own-peer.ts';
import type { CallOptions, Peer } from '../rpc/peer.ts';
import type { Service } from '../rpc/service.ts';
import { kinLimits, type Limits } from '../wire/limits.ts';
import { limitsOf } from './check-options.ts';
import { openPeer } from './open-peer.ts';

export interface Hosted<Module> extends Peer<Module> {
  /** Of the process; undefined for a thread and in place. */
  readonly pid: number | undefined;
  /** How the process or thread ended. */
  readonly exited: Promise<Exit>;
}

/** Of this end of the channel to it. */
export interface EndOptions extends Pick<CallOptions, 'timeoutMs'> {
  /** What the module can call back through `currentCall().peer`. Default: nothing. */
  serve?: Service | undefined;
  limits?: Partial<Limits> | undefined;
}

/** Where a module lives: how to talk to it, and how to end it. */
export interface Home {
  peer: OwnPeer;
  pid: number | undefined;
  exited: Promise<Exit>;
  end(): Promise<unknown>;
  /** Ends it at once, whatever runs. */
  kill(): unknown;
  /** What else than the channel keeps this process alive. */
  holder: { ref(): void; unref(): void } | undefined;
}

/** What else than its module has to be there. */
export interface Readiness {
  done: Promise<unknown>;
  /** What is not: `does not listen at 8080`. */
  missing(): string;
}

/** The URL of a module. Throws `ERR_BAD_ARGUMENT`: `what` takes no path. */
export function moduleUrl(what: string, module: URL | string): string {
  const url = module instanceof URL ? module.href : module;
  if (URL.canParse(url)) return url;
  throw new KindredError(
    'ERR_BAD_ARGUMENT',
    `${what} takes the URL of a module, not ${JSON.stringify(url)}: use new URL('./module.ts', import.meta.url)`,
    { outcome: 'not-sent' },
  );
}

/** The last part of a module's URL: enough to know it by in an error. */
export function fileOf(url: string): string {
  return url.startsWith('file:') ? basename(new URL(url).pathname) : url.slice(0, 60);
}

/**
 * Waits until the module is loaded, and all else is there, for no longer than `startMs`. Where that fails, it is ended.
 * Throws `ERR_START_FAILED`.
 */
export async function openHosted<Module>(
  url: string,
  home: Home,
  startMs: number,
  more?: Readiness,
  clock: Clock = systemClock,
): Promise<Hosted<Module>> {
  const { peer } = home;
  const closePeer = peer.close.bind(peer);
  const refPeer = peer.ref.bind(peer);
  const unrefPeer = peer.unref.bind(peer);
  const hosted = Object.assign(peer, {
    pid: home.pid,
    exited: home.exited,
    async close() {
      await closePeer();
      await home.end();
    },
    ref() {
      refPeer();
      home.holder?.ref();
    },
    unref() {
      unrefPeer();
      home.holder?.unref();
    },
  });
  try {
    // The first answer says that the module is loaded; where it could not be, every call is answered with the reason.
    const answered: Promise<unknown> = peer.with({ timeoutMs: startMs }).call['rpc.contract']();
    const ended = home.exited.then((exit) => Promise.reject(endedEarly(url, exit)));
    const until = clock.now() + startMs;
    await Promise.race([answered, ended]);
    if (more !== undefined) await Promise.race([more.done, late(more, until - clock.now(), clock), ended]);
  } catch (error) {
    await hosted.close();
    throw error instanceof KindredError && error.code !== 'ERR_START_FAILED'
      ? new KindredError('ERR_START_FAILED', `${url} did not start: ${error.message}`, {
          cause: error,
          outcome: 'not-sent',
        })
      : error;
  }
  return hosted as unknown as Hosted<Module>;
}

/** Its timer keeps nothing alive: a channel is open. */
async function late(more: Readiness, ms: number, clock: Clock): Promise<never> {
  await new Promise<void>((resolve) => clock.after(ms, resolve).unref());
  throw new KindredError('ERR_TIMEOUT', `it ${more.missing()}`);
}

function endedEarly(url: string, { exitCode, signal }: Exit): KindredError {
  const how = signal === null ? `with exit code ${exitCode}` : `by ${signal}`;
  return new KindredError('ERR_START_FAILED', `${url} ended ${how} before it was ready`, {
    outcome: 'not-sent',
  });
}

/** It ends by itself now that the channel is closed, and what ran is finished, unless something in it hangs. */
export async function endWithin(graceMs: number, exited: Promise<Exit>, kill: () => unknown): Promise<void> {
  const timer = setTimeout(kill, graceMs);
  await exited.catch(() => {});
  clearTimeout(timer);
}

export function peerOver(transport: Transport, address: string, options: EndOptions): OwnPeer {
  return openPeer(transport, {
    role: 'greets',
    kindred: true,
    service: options.serve,
    limits: limitsOf(options.limits, kinLimits),
    address,
    timeoutMs: options.timeoutMs,
  });
}
