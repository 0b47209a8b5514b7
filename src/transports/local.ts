/**
 * `local:NAME`: a named endpoint of this user on this machine.
 *
 * ```
 *   claiming --placed--> open --close()--------------------------------> closed
 *                         |  \--its socket was removed--> restoring --/     ^
 *                         |            ^------placed again------|           |
 *                         '--------------another live server holds it ------'  (closed with ERR_ADDRESS_IN_USE)
 * ```
 * Sockets do get removed: by people, and by what tidies /tmp after some days (it knows a live socket by the name under
 * which it was bound, and that was a passing one).
 */
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { userInfo } from 'node:os';
import { KindredError } from '../base/errors.ts';
import type { ByteTransport } from '../channel/transport.ts';
import {
  type Claimed,
  claimEndpoint,
  type EndpointFiles,
  endpointFiles,
  readClaim,
  releaseEndpoint,
  restoreClaim,
} from './claim.ts';
import { sha256 } from './cryptography.ts';
import { type DialOptions, dialPath } from './dial.ts';
import { endpointPipeName } from './endpoint-name.ts';
import {
  createAcceptor,
  type Listener,
  type ListenOptions,
  type OnTransport,
  openServer,
} from './listener.ts';
import type { LockOptions } from './name-lock.ts';
import { dialPipe, listenPipe } from './pipe.ts';
import { checkRuntimeDirectory, ensureRuntimeDirectory, runtimeDirectory } from './runtime-directory.ts';
import { isSameFile, lookAt } from './socket-file.ts';
import { sweep } from './sweep.ts';
import { cannotListen, codeOf, notReachable } from './system-errors.ts';

export interface DialledLocal {
  transport: ByteTransport;
  /** What the server's claim says that it speaks; undefined where it says nothing. */
  dialects: readonly string[] | undefined;
  /** The process that serves, as its claim says. */
  pid: number | undefined;
  /** Its claim says that it asks callers for a secret. */
  secret: boolean;
}

/** Throws `ERR_NOT_REACHABLE`, `ERR_UNSAFE_DIRECTORY`, `ERR_BAD_ADDRESS`, `ERR_CANCELLED`, `ERR_TIMEOUT`. */
export async function dialLocal(name: string, options: DialOptions = {}): Promise<DialledLocal> {
  if (process.platform === 'win32') {
    const transport = await dialPipe(windowsName(name), options, `local:${name}`);
    return { transport, dialects: undefined, pid: undefined, secret: false };
  }
  const directory = runtimeDirectory();
  const files = endpointFiles(name, directory);
  if (!checkRuntimeDirectory(directory))
    throw notReachable(
      files.address,
      new Error(`there is no directory ${directory}`),
      'start its server, as the same user',
    );
  try {
    const transport = await dialPath(files.address, files.socket, options);
    const claim = readClaim(files);
    return { transport, dialects: claim?.dialects, pid: claim?.pid, secret: claim?.secret === true };
  } catch (error) {
    if (!(error instanceof KindredError) || error.code !== 'ERR_NOT_REACHABLE') throw error;
    throw notReachable(files.address, error.cause, 'start its server, as the same user');
  }
}

export interface ListenLocalOptions extends ListenOptions {
  /** What the server speaks, for its claim. */
  dialects?: readonly string[] | undefined;
  /** Of the program, for its claim. */
  version?: string | undefined;
  /** Callers are asked for a secret; for its claim. Default false. */
  secret?: boolean | undefined;
  lock?: LockOptions | undefined;
  /** How it is told to look whether its socket is still there; gives back how to stop that. Default: every second. */
  watch?: ((look: () => void) => () => void) | undefined;
}

const watchMs = 1000;
const maxAttempts = 5;

function everySecond(look: () => void): () => void {
  const timer = setInterval(look, watchMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Throws `ERR_ADDRESS_IN_USE` (naming the pid of the live server), `ERR_UNSAFE_DIRECTORY`, `ERR_BAD_ADDRESS`, `ERR_TIMEOUT`. */
export async function listenLocal(
  name: string,
  options: ListenLocalOptions,
  onTransport: OnTransport,
): Promise<Listener> {
  if (process.platform === 'win32')
    return await listenPipe(windowsName(name), options, onTransport, `local:${name}`);
  const directory = runtimeDirectory();
  const files = endpointFiles(name, directory);
  let connections = 0;
  const acceptor = createAcceptor(
    () => `${files.address}, connection ${++connections}`,
    onTransport,
    options,
  );
  const { dialects, version, secret } = options;
  const about = { dialects, version, ...(secret === true ? { secret } : {}) };
  const open = async (path: string): Promise<Server> => {
    const server = createServer({ allowHalfOpen: true });
    acceptor.attach(server);
    await openServer(server, { path, exclusive: true });
    return server;
  };
  const claim = async () => {
    for (let attempt = 1; ; attempt++) {
      ensureRuntimeDirectory(directory);
      try {
        return await claimEndpoint(files, name, about, open, options.lock ?? {});
      } catch (error) {
        // Somebody removed the directory, or all that is in it, in this very moment.
        if (codeOf(error) !== 'ENOENT' || attempt === maxAttempts) throw cannotListen(files.address, error);
      }
    }
  };
  const claimed = await claim();
  await sweep(directory).catch(() => {
    // Tidiness is no reason to fail a start.
  });
  return new LocalListener(files, claimed, claim, options);
}

class LocalListener implements Listener {
  readonly address: string;
  readonly closed: Promise<KindredError | undefined>;
  readonly #files: EndpointFiles;
  readonly #claim: () => Promise<Claimed<Server>>;
  readonly #lock: LockOptions;
  readonly #settle: (error: KindredError | undefined) => void;
  readonly #unwatch: () => void;
  #claimed: Claimed<Server>;
  #referenced = true;
  #restoring: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    files: EndpointFiles,
    claimed: Claimed<Server>,
    claim: () => Promise<Claimed<Server>>,
    { lock = {}, watch = everySecond }: ListenLocalOptions,
  ) {
    this.address = files.address;
    this.#files = files;
    this.#claimed = claimed;
    this.#claim = claim;
    this.#lock = lock;
    ({ promise: this.closed, resolve: this.#settle } = Promise.withResolvers<KindredError | undefined>());
    this.#unwatch = watch(() => this.#look());
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  ref(): void {
    this.#referenced = true;
    this.#claimed.server.ref();
  }

  unref(): void {
    this.#referenced = false;
    this.#claimed.server.unref();
  }

  async #close(): Promise<void> {
    this.#unwatch();
    await this.#restoring;
    const { server, identity } = this.#claimed;
    try {
      // Before the server is closed: as long as it is open its inode cannot become another file's.
      if (this.#isInPlace()) await releaseEndpoint(this.#files, identity, this.#lock);
    } catch {
      // The lock cannot be had, or the directory is not ours any more. A dead socket that stays blocks nobody.
    }
    server.close();
    this.#settle(undefined);
  }

  #isInPlace(): boolean {
    try {
      return isSameFile(lookAt(this.#files.socket), this.#claimed.identity);
    } catch {
      return false;
    }
  }

  #look(): void {
    if (this.#closing !== undefined || this.#restoring !== undefined) return;
    const isInPlace = this.#isInPlace();
    if (isInPlace && existsSync(this.#files.claim)) return;
    this.#restoring = (isInPlace ? this.#restoreClaim() : this.#restore()).finally(() => {
      this.#restoring = undefined;
    });
  }

  async #restoreClaim(): Promise<void> {
    try {
      await restoreClaim(this.#files, this.#claimed, this.#lock);
    } catch {
      // It is of use, not of need; and the next look tries again.
    }
  }

  /**
   * The name leads elsewhere, or nowhere. A socket without any name cannot be given one again, so that a new one takes
   * over; the connections that are open stay as they are.
   */
  async #restore(): Promise<void> {
    const old = this.#claimed.server;
    try {
      this.#claimed = await this.#claim();
    } catch (error) {
      // Anything else may pass (a full disk, a directory that somebody is just mending): the next look tries again.
      if (!(error instanceof KindredError) || error.code !== 'ERR_ADDRESS_IN_USE') return;
      this.#unwatch();
      old.close();
      this.#closing = Promise.resolve();
      this.#settle(
        new KindredError(
          'ERR_ADDRESS_IN_USE',
          `${this.address} was lost: its socket was removed, and ${error.message}`,
          { data: error.data },
        ),
      );
      return;
    }
    old.close();
    if (!this.#referenced) this.#claimed.server.unref();
  }
}

function windowsName(name: string): string {
  const { username } = userInfo();
  // Two user names may look alike when they are tidied.
  return endpointPipeName(name, `${username}-${sha256(username).slice(0, 8)}`);
}
