/**
 * A module as its files are now, although this process has imported it before: with all that it imports by relative paths,
 * and not what it has of packages.
 *
 * Modules that are not used any more stay in memory: this is for files that are read now and then. Of CommonJS the file itself
 * is read anew, and not what it requires.
 */
import { createRequire, registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

const parameter = 'kindred-reading';
/** CommonJS modules are kept by their path alone, whatever stands behind it. */
const { cache } = createRequire(import.meta.url);
/** Facts of the whole process, as its module cache is. */
let readings = 0;
let areMarked = false;

/** Throws what importing throws. */
export async function importAnew(file: string): Promise<{ default?: unknown }> {
  markImports();
  const url = fresh(pathToFileURL(file), String(++readings));
  return (await import(url)) as { default?: unknown };
}

/** What a marked module imports by a path is marked as it is, and so a module of its own in the cache. */
function markImports(): void {
  if (areMarked) return;
  areMarked = true;
  registerHooks({
    resolve(specifier, { parentURL = '' }, nextResolve) {
      const resolved = nextResolve(specifier);
      if (!parentURL.includes(parameter) || !/^(?:\.{0,2}\/|file:)/.test(specifier)) return resolved;
      const url = URL.parse(resolved.url);
      const reading = URL.parse(parentURL)?.searchParams.get(parameter);
      const isOurs = url?.protocol === 'file:' && !url.pathname.includes('/node_modules/');
      return isOurs && reading ? { ...resolved, url: fresh(url, reading) } : resolved;
    },
  });
}

function fresh(url: URL, reading: string): string {
  const { pathname } = url;
  for (const path of Object.keys(cache)) if (pathToFileURL(path).pathname === pathname) delete cache[path];
  url.searchParams.set(parameter, reading);
  return url.href;
}
