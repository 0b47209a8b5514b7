/**
 * A module as its files are now, although this process has imported it before: with all that it imports by relative paths,
 * and not what it has of packages.
 *
 * Modules that are not used any more stay in memory: this is for files that are read now and then.
 */
import { createRequire, registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

/** A fact of the whole process, as its module cache is. */
let readings = 0;

/** Throws what importing throws. */
export async function importAnew(file: string): Promise<{ default?: unknown }> {
  const mark = `kindred-reading=${++readings}`;
  // CommonJS modules are kept by their path alone, whatever stands behind it.
  const { cache } = createRequire(pathToFileURL(file));
  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      const isOurs = context.parentURL?.includes(mark) === true && /^\.{0,2}\/|^file:/.test(specifier);
      if (!isOurs || !resolved.url.startsWith('file:') || resolved.url.includes('/node_modules/'))
        return resolved;
      const url = new URL(resolved.url);
      forget(url);
      url.search = mark;
      return { ...resolved, url: url.href };
    },
  });
  const forget = (url: URL): void => {
    for (const path of Object.keys(cache))
      if (pathToFileURL(path).pathname === url.pathname) delete cache[path];
  };
  try {
    const url = pathToFileURL(file);
    forget(url);
    url.search = mark;
    return (await import(url.href)) as { default?: unknown };
  } finally {
    hooks.deregister();
  }
}
