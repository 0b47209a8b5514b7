/**
 * A folder with what is below it. Node.js can watch that as a whole; but on Linux it then watches every single file, also
 * of folders that do not count (a large `node_modules` exhausts the watchers of the system). Here each folder that counts
 * is watched on its own.
 */
import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { KindredError } from '../../base/errors.ts';

export interface FolderWatchOptions {
  /** Folders below it, too; not where symbolic links lead. */
  isDeep: boolean;
  /** By the name of a file or folder. */
  counts(name: string): boolean;
  onEvent(path: string): void;
  onFault(error: Error): void;
}

const maxFolders = 10_000;

export class FolderWatch {
  readonly #options: FolderWatchOptions;
  readonly #watchers = new Map<string, FSWatcher>();
  #isClosed = false;

  constructor(options: FolderWatchOptions) {
    this.#options = options;
  }

  /** Throws what the file system throws. */
  add(folder: string): void {
    if (this.#watchers.has(folder) || this.#isClosed) return;
    if (this.#watchers.size >= maxFolders)
      throw new KindredError(
        'ERR_LIMIT',
        `${folder} is not watched: there are more than ${maxFolders} folders`,
      );
    const watcher = watch(folder, { persistent: false }, (kind, name) => {
      if (name !== null) this.#onEvent(folder, name, kind === 'rename');
    });
    watcher.on('error', (error) => this.#options.onFault(error));
    this.#watchers.set(folder, watcher);
    if (!this.#options.isDeep) return;
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory() && this.#options.counts(entry.name)) this.#tryAdd(join(folder, entry.name));
  }

  close(): void {
    this.#isClosed = true;
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** `isOther`: it has come, or gone, or both. */
  #onEvent(folder: string, name: string, isOther: boolean): void {
    const { isDeep, counts, onEvent } = this.#options;
    if (this.#isClosed || !counts(name)) return;
    const path = join(folder, name);
    if (isDeep && isOther) {
      this.#drop(path);
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) this.#tryAdd(path);
    }
    onEvent(path);
  }

  /** What goes while it is looked at is no fault. */
  #tryAdd(folder: string): void {
    try {
      this.add(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#options.onFault(error as Error);
    }
  }

  #drop(folder: string): void {
    const watcher = this.#watchers.get(folder);
    if (watcher === undefined) return;
    for (const [path, each] of this.#watchers)
      if (each === watcher || path.startsWith(join(folder, '/'))) {
        each.close();
        this.#watchers.delete(path);
      }
  }
}
