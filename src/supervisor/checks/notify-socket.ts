/**
 * A socket to which one process says `READY=1`, as sd_notify(3) does. Node.js has no Unix datagrams, so that `socat` receives
 * them, and shows each on its stderr with its length.
 *
 * ```
 *   opening --the socket is there--> open --READY=1--> ready --close()--> closed
 *      \--------- socat fails ----------> (throws)      open --close()----^
 * ```
 * What is sent while nobody has it open is lost, and the process fails its deadline: that is so between the death of a brain
 * and the next one.
 */
import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { KindredError } from '../../base/errors.ts';
import type { Child } from '../../process/child.ts';
import { resolveProgram } from '../../process/resolve-program.ts';
import { spawn } from '../../process/spawn.ts';
import { sha256 } from '../../transports/cryptography.ts';
import { maxPathBytes } from '../../transports/socket-file.ts';

export interface NotifySocket {
  /** For `NOTIFY_SOCKET`. */
  readonly path: string;
  /** Resolves when the process has said that it is ready. */
  readonly ready: Promise<void>;
  close(): void;
}

/** Whether there is a program that receives what sd_notify sends. */
function canNotify(env: NodeJS.ProcessEnv = process.env): boolean {
  return process.platform !== 'win32' && resolveProgram('socat', { env }) !== undefined;
}

/** How long the socket may take to be there, in milliseconds. */
const openMs = 5000;

export interface AboutNotify {
  /** Of the process that it is for. */
  id: string;
  /** Of the keeper's files. */
  directory: string;
  /**
   * The process runs as this user, who cannot enter the directory: the socket is that user's, in a folder of its own that
   * everybody may pass through and nobody else may change. Default: the user of this process.
   */
  user?: string | number | undefined;
  /** Where the process was told that it is, by a brain before this one. */
  told?: string | undefined;
}

/** Throws `ERR_BAD_CONFIG` where it cannot be had, with the mend. */
export async function openNotifySocket(about: AboutNotify): Promise<NotifySocket> {
  if (!canNotify())
    throw noNotify('there is no socat: install it (apt-get install socat), or take another way to be ready');
  const isOfAnother = about.user !== undefined && String(about.user) !== String(process.geteuid?.());
  const directory = isOfAnother ? openFolder(about.told) : about.directory;
  const user = isOfAnother ? `,user=${about.user}` : '';
  const name = `notify-${sha256(about.id).slice(0, 12)}`;
  const path = join(directory, name);
  if (Buffer.byteLength(path) > maxPathBytes())
    throw noNotify(`${path} is too long for a socket: give the stack a shorter directory`);
  const { promise: ready, resolve: onReady } = Promise.withResolvers<void>();
  let isReady = false;
  let isClosed = false;
  let helper = await receive(directory, name, user, hear).catch((error) => {
    if (isOfAnother) removeFolder(directory);
    throw error;
  });

  function hear(message: string): void {
    const lines = message.split('\n');
    if (lines.includes('READY=1')) {
      isReady = true;
      onReady();
    }
    // Whoever says so waits until what it has sent along is closed, which socat does by ending.
    if (lines.includes('BARRIER=1')) void again();
  }

  async function again(): Promise<void> {
    helper.kill('SIGKILL');
    if (isReady || isClosed) return;
    await helper.exited;
    const next = await receive(directory, name, user, hear).catch(() => undefined);
    if (next === undefined) return;
    helper = next;
    if (isClosed) close();
  }

  function close(): void {
    isClosed = true;
    helper.kill('SIGKILL');
    rmSync(path, { force: true });
    if (isOfAnother) removeFolder(directory);
  }

  return { path, ready, close };
}

type Helper = Child<readonly ['ignore', 'ignore', 'pipe']>;

/** Resolves when the socket is there. */
async function receive(
  directory: string,
  name: string,
  user: string,
  onMessage: (message: string) => void,
): Promise<Helper> {
  const path = join(directory, name);
  rmSync(path, { force: true });
  // By its name alone: a colon in a path would be syntax.
  const helper = spawn('socat', ['-u', '-x', `UNIX-RECV:${name},mode=0600${user}`, 'OPEN:/dev/null'], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'pipe'],
    onParentDeath: 'die',
  });
  const isRunning = (): boolean => helper.exitCode === null && helper.signalCode === null;
  let said = '';
  let rest = '';
  helper.stderr.setEncoding('latin1').on('data', (text) => {
    if (said.length < 1000) said += String(text);
    const lines = (rest + String(text)).split('\n');
    rest = (lines.pop() as string).slice(-maxDumpChars);
    for (const line of lines)
      if (/^(?: [0-9a-f]{2})+\s*$/.test(line))
        onMessage(Buffer.from(line.replaceAll(' ', ''), 'hex').toString('utf8'));
  });
  const until = performance.now() + openMs;
  while (isRunning() && performance.now() < until) {
    if (statSync(path, { throwIfNoEntry: false })?.isSocket() === true) return helper;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  helper.kill('SIGKILL');
  throw noNotify(`socat opens no socket at ${path}: ${said.trim().split('\n').at(-1) || 'it says nothing'}`);
}

/** Where everybody may pass and only root may write, where there is such a place. */
const openPlace = '/run';

function openFolder(told: string | undefined): string {
  if (told === undefined) {
    const folder = mkdtempSync(join(isWritable(openPlace) ? openPlace : tmpdir(), 'kindred-notify-'));
    chmodSync(folder, 0o711);
    return folder;
  }
  const folder = dirname(told);
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const { uid } = lstatSync(folder);
  if (uid !== process.geteuid?.()) throw noNotify(`${folder} belongs to user ${uid}`);
  return folder;
}

function isWritable(place: string): boolean {
  try {
    accessSync(place, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The next brain may have a socket in it by now. */
function removeFolder(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {}
}

/** A message of 8 KiB, three characters a byte. */
const maxDumpChars = 32 * 1024;

function noNotify(fault: string): KindredError {
  return new KindredError('ERR_BAD_CONFIG', `ready: 'notify': ${fault}`);
}
