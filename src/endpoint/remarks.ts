/** What the source of a module says of its functions: read when somebody asks for it, not before. */
import { KindredError } from '../base/errors.ts';
import type { Remarks } from '../rpc/description.ts';

/** A source larger than this is not read. */
const maxSourceBytes = 4 * 1024 * 1024;

/** Of the file at that URL. One that cannot be read, or is none, says nothing. */
export function remarksIn(source: string | URL): Remarks {
  return async (methods) => {
    const text = await readSource(String(source));
    // Loaded only where it is used, as what reads files.
    const { docCommentsIn, finderOf } = await import('./doc-comments.ts');
    return finderOf(text === undefined ? [] : docCommentsIn(text), methods);
  };
}

/** The option `source`. Throws `ERR_BAD_ARGUMENT`. */
export function remarksOf(source: string | URL | undefined): Remarks | undefined {
  if (source === undefined) return undefined;
  if (!URL.canParse(String(source)))
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      `source takes the URL of a file, not ${JSON.stringify(source)}: use import.meta.url`,
      { outcome: 'not-sent' },
    );
  return remarksIn(source);
}

async function readSource(url: string): Promise<string | undefined> {
  if (!url.startsWith('file:')) return undefined;
  const { readFile, stat } = await import('node:fs/promises');
  try {
    // What follows the path chooses a copy of the module, not another file.
    const file = new URL(url);
    file.search = '';
    file.hash = '';
    const { size } = await stat(file);
    return size > maxSourceBytes ? undefined : await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
}
