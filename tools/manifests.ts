// What the manifests promise: no runtime dependency in the core, and ranges that can be published.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFiles } from './files.ts';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly engines?: { readonly node?: string };
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly bundledDependencies?: readonly string[];
}

export function checkManifests(root: string): string[] {
  const core = readManifest(root, 'package.json');
  const runtime = [
    'dependencies',
    'peerDependencies',
    'optionalDependencies',
    'bundledDependencies',
  ] as const;
  const problems = runtime
    .filter((field) => Object.keys(core[field] ?? {}).length > 0)
    .map((field) => `package.json: the core has no runtime dependencies, but '${field}' names some`);

  for (const file of projectFiles(root, 'packages/*/package.json')) {
    const manifest = readManifest(root, file);
    for (const field of ['version', 'license'] as const) {
      if (manifest[field] !== core[field]) problems.push(`${file}: '${field}' differs from the core's`);
    }
    if (manifest.engines?.node !== core.engines?.node)
      problems.push(`${file}: 'engines' differs from the core's`);
    // npm links the core into its own workspaces only where the range is plain and fits, and a
    // `file:` or `workspace:` range must never be published.
    const range = manifest.dependencies?.kindred ?? manifest.peerDependencies?.kindred;
    if (range !== `^${core.version}`)
      problems.push(`${file}: depends on kindred by '${range}', not '^${core.version}'`);
    for (const [name, wanted] of Object.entries(manifest.dependencies ?? {})) {
      if (wanted.includes(':'))
        problems.push(`${file}: '${name}' has the range '${wanted}', which cannot be published`);
    }
  }
  return problems;
}

function readManifest(root: string, file: string): Manifest {
  return JSON.parse(readFileSync(join(root, file), 'utf8'));
}
