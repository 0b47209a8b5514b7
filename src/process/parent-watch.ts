/**
 * Loaded into a Node.js child before its own program (`--require`): starts the thread that ends the process when its parent
 * is gone. Leaves no trace: neither the variable nor the flag is handed on to what the child starts.
 */
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { KindredError } from '../base/errors.ts';
import { openOwnEnd } from './own-end.ts';
import { type ParentTie, parentVariable, readTie } from './parent-tie.ts';
import { onSideThread } from './side-thread.ts';

/** What the thread gets. */
export interface WatchData {
  tie: ParentTie;
  /** What the process says of its end (`own-end.ts`). */
  ownEnd: Int32Array;
}

const flag = process.execArgv.indexOf(`--require=${fileURLToPath(import.meta.url)}`);
if (flag >= 0) process.execArgv.splice(flag, 1);
const told = process.env[parentVariable];
// A thread is loaded with the flags of its process, but the process is watched already.
if (isMainThread && told !== undefined) {
  delete process.env[parentVariable];
  watch(told);
}

function watch(told: string): void {
  const tie = readTie(told);
  if (tie === undefined)
    throw new KindredError(
      'ERR_BAD_ADDRESS',
      `the variable ${parentVariable} is ${JSON.stringify(told)}: it must be pid:NUMBER:START`,
    );
  // A program in between has descriptors of its own, and its parent is not its child's.
  if (process.ppid !== tie.parent.pid || !isOpen(tie.fd)) tie.fd = undefined;
  const thread = import.meta.url.endsWith('.ts') ? './parent-watch-thread.ts' : './parent-watch-thread.js';
  const data: WatchData = { tie, ownEnd: openOwnEnd() };
  onSideThread({ module: new URL(thread, import.meta.url).href, data }, (error) =>
    process.emitWarning(`this process is not watched, and may outlive its parent: ${error.message}`),
  );
}

/** Windows tells no more of a descriptor than that it is open. */
function isOpen(fd: number | undefined): boolean {
  try {
    if (fd === undefined) return false;
    return process.getBuiltinModule('node:fs').fstatSync(fd).isSocket() || process.platform === 'win32';
  } catch {
    return false;
  }
}
