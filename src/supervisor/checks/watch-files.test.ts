import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { watchFiles } from './watch-files.ts';

let root = '';
let over = new AbortController();
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'watch-'));
  over = new AbortController();
});
afterEach(() => {
  over.abort();
  rmSync(root, { recursive: true, force: true });
});

/** The first change that is told, once `change` was made; made again until it is: a watcher takes its time to begin. */
async function told(paths: string[], change: () => void, ignore?: readonly string[]): Promise<string[]> {
  const { promise, resolve } = Promise.withResolvers<string[]>();
  watchFiles(paths, { signal: over.signal, debounceMs: 20, ignore, onChange: resolve });
  const timer = setInterval(change, 100);
  change();
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}

describe('watched files', () => {
  it('tell of a change below their folder', async () => {
    mkdirSync(join(root, 'deep', 'er'), { recursive: true });
    const file = join(root, 'deep', 'er', 'a.ts');
    writeFileSync(file, '');
    const paths = await told([root], () => writeFileSync(file, String(Math.random())));
    assert.ok(paths.includes(file), paths.join());
  });

  it('tell of a change in a folder that came later, and in one that came in its place', async () => {
    const folder = join(root, 'late');
    const file = join(folder, 'a.ts');
    let heard = (): void => {};
    watchFiles([root], {
      signal: over.signal,
      debounceMs: 1,
      onChange: (paths) => paths.includes(file) && heard(),
    });
    for (let time = 1; time <= 3; time++) {
      rmSync(folder, { recursive: true, force: true });
      const told = new Promise<void>((resolve) => {
        heard = resolve;
      });
      mkdirSync(folder);
      const timer = setInterval(() => writeFileSync(file, String(Math.random())), 20);
      await told;
      clearInterval(timer);
    }
  });

  it('tell of a file that is replaced, and of nothing beside it', async () => {
    const file = join(root, 'a.ts');
    writeFileSync(file, '');
    const paths = await told([file], () => {
      writeFileSync(join(root, 'beside.ts'), String(Math.random()));
      writeFileSync(`${file}.new`, '');
      renameSync(`${file}.new`, file);
    });
    assert.deepEqual(paths, [file]);
  });

  it('do not count where they are ignored', async () => {
    for (const folder of ['node_modules', '.git', 'made']) mkdirSync(join(root, folder));
    const write = (...names: string[]): void => {
      for (const name of names) writeFileSync(join(root, name), String(Math.random()));
    };
    const paths = await told([root], () => write('node_modules/a', '.git/b', '.env', 'made/c', 'd'));
    assert.deepEqual(new Set(paths), new Set([join(root, 'made', 'c'), join(root, 'd')]));
    over.abort();
    over = new AbortController();
    const others = await told([root], () => write('made/c', '.env'), ['made']);
    assert.deepEqual(others, [join(root, '.env')]);
  });

  it('are refused where they are not there', () => {
    assert.throws(() => watchFiles([join(root, 'none')], { signal: over.signal, onChange() {} }), {
      code: 'ERR_BAD_CONFIG',
      message: /watch: .*none/,
    });
  });
});
