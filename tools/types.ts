// Every TypeScript project of the workspace compiles, each by its own measure.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectFiles } from './files.ts';

export async function checkTypes(root: string): Promise<string[]> {
  const packages = projectFiles(root, 'packages/*/tsconfig.json').map((file) => [
    ...['-p', dirname(file), '--noEmit'],
    // A package is built against the built core; here, against its sources.
    ...['--rootDir', '.', '--customConditions', '@kindred/source'],
  ]);
  const projects = [
    ['-p', 'tsconfig.json'],
    ['-p', 'tsconfig.build.json', '--noEmit'],
    ['-p', 'tsconfig.pure.json'],
    ...(existsSync(join(root, 'test/types/tsconfig.json')) ? [['-p', 'test/types']] : []),
    // The contenders need the types of packages that only `npm run bench` installs.
    ...(existsSync(join(root, 'bench/node_modules')) ? [['-p', 'bench']] : []),
    ...packages,
  ];
  const problems: string[] = [];
  for (const project of projects) problems.push(...(await compile(root, project)));
  return problems;
}

/** Runs tsc and gives its complaints, one a line. */
export async function compile(root: string, args: readonly string[]): Promise<string[]> {
  const tsc = spawn('tsc', [...args, '--pretty', 'false'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output = (await tsc.stdout.setEncoding('utf8').toArray()).join('').trim();
  const code = tsc.exitCode ?? (await new Promise<number | null>((resolve) => tsc.once('exit', resolve)));
  if (code === 0) return [];
  return output === ''
    ? [`tsc ${args.join(' ')} ended with ${code}`]
    : output.split('\n').map((line) => `[${args[1]}] ${line}`);
}
