/**
 * A lock by name among the processes of one user, which the kernel releases when its holder dies, however it dies.
 *
 * Linux: an abstract socket. Binding it is taking it; who waits connects to it, and hears of the end by the close of
 * that connection. Its name is a hash of a secret in the runtime directory, so that nobody else can guess it. (He can
 * read it in /proc/net/unix while it is held, and bind it afterwards: then starts fail with `ERR_TIMEOUT`, and nothing
 * is ever served by him.)
 *
 * Processes of different network namespaces (containers that share the directory) do not see each other's lock. Between
 * them the look at the file right before a dead socket is removed decides, which leaves a gap of microseconds.
 *
 * macOS and the BSDs: a file opened with O_EXLOCK. Written to the manual, not yet run there.
 */
import { closeSync, linkSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Clock, systemClock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import { randomBytes, sha256 } from './cryptography.ts';
import { openServer } from './listener.ts';
import { unlinkIfThere } from './socket-file.ts';
import { codeOf } from './system-errors.ts';
import { temporaryName } from './temporary-name.ts';

export interface LockOptions {
  /** How long to wait for the lock. Default 5000; 0: takes it only where it is free. */
  timeoutMs?: number | undefined;
  clock?: Clock | undefined;
}

/** Runs `work` while holding the lock. Throws `ERR_TIMEOUT` where it is not free in time. */
export async function withLock<T>(
  directory: string,
  name: string,
  work: () => Promise<T> | T,
  { timeoutMs = 5000, clock = systemClock }: LockOptions = {},
): Promise<T> {
  const take = lockOf(directory, name);
  const until = clock.now() + timeoutMs;
  for (;;) {
    const release = await take.try();
    if (release !== undefined) {
      try {
        return await work();
      } finally {
        release();
      }
    }
    const leftMs = until - clock.now();
    if (leftMs <= 0)
      throw new KindredError(
        'ERR_TIMEOUT',
        `the lock on ${JSON.stringify(name)} in ${directory} was not free within ${timeoutMs} ms: the process that holds it may be stopped`,
      );
    await take.wait(leftMs, clock);
  }
}

interface Lock {
  /** Its release, or undefined where somebody else holds it. */
  try(): Promise<(() => void) | undefined>;
  /** Until it may be free. */
  wait(ms: number, clock: Clock): Promise<void>;
}

function lockOf(directory: string, name: string): Lock {
  switch (process.platform) {
    case 'linux':
    case 'android':
      return abstractLock(directory, name);
    case 'darwin':
    case 'freebsd':
    case 'openbsd':
      return fileLock(directory, name);
    default:
      throw new KindredError(
        'ERR_NOT_SUPPORTED',
        `named endpoints are not supported on ${process.platform}: use unix: or tcp://`,
      );
  }
}

const pollMs = 5;

function abstractLock(directory: string, name: string): Lock {
  const path = `\0kindred-lock-${sha256(secretOf(directory), '\0', name).slice(0, 40)}`;
  return {
    async try() {
      const waiting = new Set<Socket>();
      const server = createServer((socket) => {
        waiting.add(socket);
        socket.on('error', () => {}).on('close', () => waiting.delete(socket));
      });
      try {
        await openServer(server, { path, exclusive: true });
      } catch (error) {
        if (codeOf(error) === 'EADDRINUSE') return undefined;
        throw error;
      }
      return () => {
        server.close();
        for (const socket of waiting) socket.destroy();
      };
    },
    wait(ms, clock) {
      return new Promise((resolve) => {
        const socket = connect(path);
        let connected = false;
        const timer = clock.after(ms, () => socket.destroy());
        socket.on('connect', () => {
          connected = true;
          socket.resume();
        });
        socket.on('error', () => {});
        socket.on('close', () => {
          timer.cancel();
          // Refused: bound and not yet listening, or just released. That passes in no time.
          if (connected) resolve();
          else clock.after(Math.min(pollMs, ms), resolve);
        });
      });
    },
  };
}

// From <fcntl.h> of macOS and the BSDs; Node.js does not export O_EXLOCK.
const O_RDWR = 0x2;
const O_NONBLOCK = 0x4;
const O_EXLOCK = 0x20;
const O_CREAT = 0x200;

function fileLock(directory: string, name: string): Lock {
  const path = join(directory, `.lock-${sha256(name).slice(0, 32)}`);
  return {
    async try() {
      try {
        const fd = openSync(path, O_RDWR | O_CREAT | O_EXLOCK | O_NONBLOCK, 0o600);
        return () => closeSync(fd);
      } catch (error) {
        if (codeOf(error) === 'EAGAIN' || codeOf(error) === 'EWOULDBLOCK') return undefined;
        throw error;
      }
    },
    wait: (ms, clock) => new Promise((resolve) => void clock.after(Math.min(pollMs, ms), resolve)),
  };
}

/** The secret of the directory, made by whoever comes first. */
function secretOf(directory: string): Buffer {
  const path = join(directory, '.secret');
  for (;;) {
    try {
      return readFileSync(path);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
    const temporary = join(directory, temporaryName());
    writeFileSync(temporary, randomBytes(32), { mode: 0o600, flag: 'wx' });
    try {
      linkSync(temporary, path);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    } finally {
      unlinkIfThere(temporary);
    }
  }
}
