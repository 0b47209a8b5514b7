// npm run build   writes dist/ of every package, and in .staged/ what is to be published:
//                 npm publish .staged/node_modules/kindred
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stage } from '../tools/stage.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

for (const { name, source, folder } of await stage(root, join(root, '.staged'))) {
  const dist = join(root, source, 'dist');
  rmSync(dist, { recursive: true, force: true });
  cpSync(join(folder, 'dist'), dist, { recursive: true });
  console.log(`${name}: ${join(source, 'dist')}, and ready to be published in ${folder.slice(root.length)}`);
}
