/** `kindred up --watch`: the folder of each module that a service is made of, and the config. */
import { dirname } from 'node:path';
import type { CheckedStack, watchFiles } from 'kindred/supervisor';

/** What a service writes itself (data, logs) must not restart it. */
const isCode = /\.(?:[cm]?[jt]sx?|wasm|node)$/;

export interface SourceWatch {
  signal: AbortSignal;
  /** Files of these services have changed; undefined: the config has. */
  onChange(services: string[] | undefined): void;
  onFault(error: Error): void;
}

/**
 * Services that say themselves what is watched (`watch`) are left to the stack, and programs that are no modules are not
 * known. A module in the folder of the config stands for the whole folder, as most do.
 */
export function watchSources(
  { file, services }: CheckedStack & { file: string },
  watch: SourceWatch,
  watchPaths: typeof watchFiles,
): void {
  const { signal, onFault } = watch;
  watchPaths([file], { signal, onFault, onChange: () => watch.onChange(undefined) });
  const folders = new Map<string, string[]>();
  for (const { name, program, watch: own } of Object.values(services)) {
    if (own !== undefined || program.kind === 'run') continue;
    const folder = dirname(program.module);
    folders.set(folder, [...(folders.get(folder) ?? []), name]);
  }
  for (const [folder, names] of folders)
    watchPaths([folder], {
      signal,
      onFault,
      onChange(paths) {
        // The config is looked at by itself.
        if (paths.some((path) => path !== file && isCode.test(path))) watch.onChange(names);
      },
    });
}
