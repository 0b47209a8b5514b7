/**
 * Code in the documents comes from files that are run. A marker in front of a block says which:
 *
 *   <!-- code: examples/stream.ts#result -->     the lines between `// #region result` and `// #endregion` (`# #region` where # begins a comment)
 *   <!-- code: examples/hello/serve.ts -->       the whole file
 *   <!-- declaration: ConnectOptions -->         what the library exports under that name, without its body
 *
 * A block of TypeScript or Python without one is refused, so that no example stands in the documents that nobody runs.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { declarationOf } from './declarations.ts';
import { projectFiles } from './files.ts';

const block = /^(?:<!-- (code|declaration): (\S+) -->\n)?```(\w*)\n([\s\S]*?)^```$/gm;
const bareMarker = /^<!-- (?:code|declaration): (\S+) -->\n(?!```)/gm;

export function checkSnippets(root: string): string[] {
  return documents(root).flatMap((file) => {
    const problems: string[] = [];
    const text = readFileSync(join(root, file), 'utf8');
    const fresh = withFreshBlocks(root, text, (problem) => problems.push(`${file}: ${problem}`));
    for (const [, source] of text.matchAll(bareMarker))
      problems.push(`${file}: no block stands behind the marker of '${source}'`);
    if (problems.length === 0 && fresh !== text)
      problems.push(`${file}: a block differs from its source: 'npm run check -- --fix'`);
    return problems;
  });
}

export function writeSnippets(root: string): void {
  for (const file of documents(root)) {
    const text = readFileSync(join(root, file), 'utf8');
    const fresh = withFreshBlocks(root, text, () => {});
    if (fresh !== text) writeFileSync(join(root, file), fresh);
  }
}

function documents(root: string): string[] {
  return projectFiles(root, 'README.md', 'docs/**/*.md');
}

function withFreshBlocks(root: string, text: string, complain: (problem: string) => void): string {
  return text.replace(block, (whole, kind: string | undefined, source = '', language: string) => {
    const line = (whole.split('\n').at(kind === undefined ? 1 : 2) ?? '').trim();
    if (kind === undefined) {
      if (['ts', 'js', 'typescript', 'javascript', 'py', 'python'].includes(language))
        complain(`no marker says where the block that begins with '${line}' comes from`);
      return whole;
    }
    const code = kind === 'code' ? codeOf(root, source) : declarationOf(root, source);
    if (code === undefined) {
      complain(`there is no ${kind} '${source}'`);
      return whole;
    }
    return `<!-- ${kind}: ${source} -->\n\`\`\`${language}\n${code}\n\`\`\``;
  });
}

/** The text of `FILE` or `FILE#REGION`; undefined where there is none. */
function codeOf(root: string, source: string): string | undefined {
  const [file = '', region] = source.split('#');
  if (!existsSync(join(root, file))) return undefined;
  let lines = readFileSync(join(root, file), 'utf8').split('\n');
  if (region !== undefined) {
    const begin = lines.findIndex((line) => /^(?:\/\/|#) #region (\S+)$/.exec(line.trim())?.[1] === region);
    if (begin < 0) return undefined;
    const length = lines.slice(begin + 1).findIndex((line) => /^(?:\/\/|#) #endregion$/.test(line.trim()));
    if (length < 0) return undefined;
    lines = lines.slice(begin + 1, begin + 1 + length);
  }
  const shown = lines.filter((line) => !/^\s*(?:\/\/|#) #(end)?region\b/.test(line));
  const indent = Math.min(
    ...shown.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)),
    Number.MAX_SAFE_INTEGER,
  );
  return shown
    .map((line) => line.slice(indent))
    .join('\n')
    .trim();
}
