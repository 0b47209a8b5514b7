/** Files and folders whose change is told, once for many at a time. For development. */
import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type Clock, systemClock, type Timer } from '../../base/clock.ts';
import { KindredError } from '../../base/errors.ts';
import { FolderWatch } from './folder-watch.ts';

export interface WatchOptions {
  signal: AbortSignal;
  /** With the paths that have changed; at most 100 of them. */
  onChange(paths: string[]): void;
  /** Something can be watched no more: the system has no more watchers. */
  onFault?: ((error: Error) => void) | undefined;
  /** So long after the last change, in milliseconds. Default 200. */
  debounceMs?: number | undefined;
  /** Names of files and folders that do not count. Default: `node_modules` and all that begins with a dot. */
  ignore?: readonly string[] | undefined;
  clock?: Clock | undefined;
}

const maxTold = 100;

/** Folders with all that is below them. Absolute paths. Throws `ERR_BAD_CONFIG` for what is not there. */
export function watchFiles(paths: readonly string[], options: WatchOptions): void {
  const { signal, onChange, onFault = () => {}, debounceMs = 200, ignore, clock = systemClock } = options;
  if (signal.aborted) return;
  const watches: FolderWatch[] = [];
  const changed = new Set<string>();
  let timer: Timer | undefined;
  const counts = (name: string): boolean =>
    ignore === undefined ? name !== 'node_modules' && !name.startsWith('.') : !ignore.includes(name);
  const close = (): void => {
    timer?.cancel();
    for (const watch of watches) watch.close();
  };

  function onEvent(path: string): void {
    if (changed.size < maxTold) changed.add(path);
    timer?.cancel();
    timer = clock.after(debounceMs, () => {
      const told = [...changed];
      changed.clear();
      onChange(told);
    });
    timer.unref();
  }

  try {
    for (const path of paths) {
      const isFolder = statSync(path).isDirectory();
      const watch = isFolder
        ? new FolderWatch({ isDeep: true, counts, onEvent, onFault })
        : // A file is watched by its folder: editors write another one, and give it its name.
          new FolderWatch({ isDeep: false, counts: (name) => name === basename(path), onEvent, onFault });
      watches.push(watch);
      watch.add(isFolder ? path : dirname(path));
    }
  } catch (cause) {
    close();
    throw new KindredError('ERR_BAD_CONFIG', `watch: ${(cause as Error).message}`, { cause });
  }
  signal.addEventListener('abort', close, { once: true });
}
