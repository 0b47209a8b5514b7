// Relative links of the documents lead somewhere.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectFiles } from './files.ts';

/** `[text](target)` and `[label]: target`; a title may follow the target. */
const link = /\]\(\s*<?([^)\s>]+)[^)]*\)|^\s*\[[^\]]+\]:\s*<?([^\s>]+)/gm;

export function checkLinks(root: string): string[] {
  return projectFiles(root, '**/*.md').flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8').replace(/```[\s\S]*?```|`[^`\n]*`/g, '');
    return [...text.matchAll(link)]
      .map(([, inline, reference]) => (inline ?? reference ?? '').replace(/#.*$/, ''))
      .filter((target) => target !== '' && !/^[a-z][a-z+.-]*:/i.test(target))
      .filter((target) => !existsSync(join(root, dirname(file), decodeURIComponent(target))))
      .map((target) => `${file}: the link to '${target}' leads nowhere`);
  });
}
