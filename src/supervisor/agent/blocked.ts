/**
 * By what the main thread is blocked, seen from another thread of the same process: its stack, by a session of the inspector
 * that needs no open port; where it does not stop in time (it is not in JavaScript), what /proc says of it.
 *
 * ```
 *   looking --it stops--> told (its stack)
 *      \--captureMs--> told (by /proc) --it stops after all--> told once more (its stack)
 *            each of them --told its stack, stop(), lateMs--> over: the session is closed, and the main thread goes on
 * ```
 */
import { readdirSync, readFileSync } from 'node:fs';

/** How long the stack may take, in milliseconds: within a second of the hang something is to be told. */
const captureMs = 700;
/** How long it is waited for afterwards: a machine that is busy with other things takes its time, too. */
const lateMs = 10_000;
const maxFrames = 30;

/** `tell` hears what there is to say, once or twice. What is returned ends it. */
export function describeBlocked(tell: (text: string) => void): () => void {
  // Seldom needed, and not to be paid for by every service.
  const { Session } = process.getBuiltinModule('node:inspector');
  const session = new Session();
  let isOver = false;
  const byProc = setTimeout(() => tell(describeNative()), captureMs);
  const late = setTimeout(stop, lateMs);

  function stop(): void {
    if (isOver) return;
    isOver = true;
    clearTimeout(byProc);
    clearTimeout(late);
    session.disconnect();
  }

  try {
    session.connectToMainThread();
    // Not every frame says what file it is of.
    const files = new Map<string, string>();
    session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => files.set(scriptId, url));
    session.once('Debugger.paused', ({ params: { callFrames } }) => {
      if (isOver) return;
      stop();
      tell(sayStack(callFrames, files));
    });
    session.post('Debugger.enable');
    session.post('Debugger.pause');
  } catch {
    clearTimeout(late);
  }
  return stop;
}

interface Frame {
  functionName: string;
  url: string;
  location: { scriptId: string; lineNumber: number; columnNumber?: number | undefined };
}

function sayStack(frames: Frame[], files: ReadonlyMap<string, string>): string {
  if (frames[0]?.functionName === 'kindredBeat')
    return 'nothing any more: it turned again before it was looked at';
  return frames
    .slice(0, maxFrames)
    .map((frame) => sayFrame(frame, files))
    .join('\n');
}

function sayFrame({ functionName, url, location }: Frame, files: ReadonlyMap<string, string>): string {
  const file = url || files.get(location.scriptId) || '(no file)';
  // Counted from 0.
  const at = `${file}:${location.lineNumber + 1}:${(location.columnNumber ?? 0) + 1}`;
  return functionName === '' ? `at ${at}` : `at ${functionName} (${at})`;
}

/** The main thread has the number of the process. */
function describeNative(): string {
  const said = ['blocked in native code'];
  const state = /^State:\s+(.+)$/m.exec(read('status'))?.[1];
  if (state !== undefined) said.push(`state ${state}`);
  const channel = read('wchan').trim();
  if (channel !== '' && channel !== '0') said.push(`in ${channel}`);
  const call = /^(\d+)/.exec(read('syscall'))?.[1];
  if (call !== undefined) said.push(`system call ${call}`);
  const waitsFor = childrenOf();
  if (waitsFor.length > 0) said.push(`its children: ${waitsFor.join(', ')}`);
  const stack = read('stack').trim();
  return [said.join('; '), ...(stack === '' ? [] : stack.split('\n').slice(0, maxFrames))].join('\n');
}

/** `sleep 30 (process 4711)`: what `execSync` waits for is among them. */
function childrenOf(): string[] {
  const pids = readdirIn('/proc/self/task').flatMap((task) =>
    readFile(`/proc/self/task/${task}/children`).split(' '),
  );
  return pids
    .filter((pid) => /^\d+$/.test(pid))
    .slice(0, 5)
    .map(
      (pid) =>
        `${readFile(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim().slice(0, 100)} (process ${pid})`,
    );
}

/** Empty where it cannot be read: no /proc, or not for this user. */
function read(name: string): string {
  return readFile(`/proc/self/task/${process.pid}/${name}`);
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function readdirIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
