// Who imports whom, as dependency-cruiser sees it, against the table in layers.json.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cruise, type DependencyType, type ICruiseResult, type IForbiddenRuleType } from 'dependency-cruiser';
import { projectFiles } from './files.ts';
import { rooms } from './layers.ts';

const test = '\\.test\\.ts$';
const anyNpm: DependencyType[] = [
  'npm',
  'npm-dev',
  'npm-optional',
  'npm-peer',
  'npm-bundled',
  'npm-no-pkg',
  'npm-unknown',
];

export async function checkLayering(root: string): Promise<string[]> {
  const unreadable = withNewSyntax(root);
  const { output } = await cruise(
    ['src', 'packages', 'examples', 'bench', 'test'].filter((folder) => exists(root, folder)),
    {
      baseDir: root,
      validate: true,
      ruleSet: { forbidden: rules(root) },
      // swc is told by name: with neither swc nor a TypeScript below 7 every .ts file would be
      // passed over in silence. Type-only imports are dependencies like any other.
      parser: 'swc',
      tsPreCompilationDeps: true,
      doNotFollow: { path: 'node_modules' },
      exclude: { path: ['(^|/)dist/', ...unreadable.map((file) => `^${file.replaceAll('.', '\\.')}$`)] },
      enhancedResolveOptions: {
        extensions: ['.ts', '.js', '.mjs', '.json'],
        exportsFields: ['exports'],
        conditionNames: ['@kindred/source', 'import', 'node', 'default'],
      },
    },
  );
  const result = output as ICruiseResult;
  return [
    ...unreadFiles(root, result),
    ...unknownRooms(root),
    ...violations(result),
    ...unreadable.flatMap((file) => strangeImports(root, file)),
  ];
}

/** Examples that show what dependency-cruiser cannot parse. */
function withNewSyntax(root: string): string[] {
  return projectFiles(root, 'examples/**/*.ts').filter((file) =>
    /^\s*(await )?using \w/m.test(readFileSync(join(root, file), 'utf8')),
  );
}

/** The imports of such an example, which stay as simple as this. */
function strangeImports(root: string, file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/(?:from|import|import\() ?'([^']*)'/g)]
    .filter(([, from = '']) => !/^(kindred(\/\w+)?|node:\w+(\/\w+)?|\.\/[\w/-]+\.ts)$/.test(from))
    .map(([, from]) => `${file} -> ${from}: only the public exports of kindred may be imported from here`);
}

/** The table, as dependency-cruiser wants it. */
function rules(root: string): IForbiddenRuleType[] {
  return [...rooms.flatMap(roomRules), ...outsideRules(publicEntries(root)), ...generalRules];
}

function roomRules({ room, imports, node }: (typeof rooms)[number]): IForbiddenRuleType[] {
  const inRoom = `^src/${room}/`;
  const allowed = (also: readonly string[]) => `^src/(${[room, ...imports, ...also].join('|')})/`;
  const result: IForbiddenRuleType[] = [
    {
      name: `${room} imports only ${imports.join(', ') || 'itself'}`,
      severity: 'error',
      from: { path: inRoom, pathNot: test },
      to: { path: '^src/', pathNot: allowed([]) },
    },
    {
      name: `tests of ${room} import only what it may, and testkit`,
      severity: 'error',
      from: { path: `${inRoom}.*${test}` },
      to: { path: '^src/', pathNot: allowed(['testkit']) },
    },
  ];
  if (!node) {
    result.push({
      name: `${room} uses nothing of Node.js`,
      severity: 'error',
      from: { path: inRoom, pathNot: test },
      to: { dependencyTypes: ['core'] },
    });
  }
  return result;
}

/** What lives outside of src sees of it what a user sees, by the name a user writes. */
function outsideRules(entries: string): IForbiddenRuleType[] {
  return [
    {
      name: 'only the public exports of kindred may be imported from here',
      severity: 'error',
      from: { path: '^(packages/[^/]+|examples)/', pathNot: test },
      to: { path: '^(src|packages|test|tools|scripts)/', pathNot: ['^$1/', entries] },
    },
    {
      name: 'tests of a package see of kindred what a user sees, and the programs of test/',
      severity: 'error',
      from: { path: '^(packages/[^/]+)/.*\\.test\\.ts$' },
      to: { path: '^(src|packages|test|tools|scripts)/', pathNot: ['^$1/', '^test/programs/', entries] },
    },
    {
      name: 'kindred is reached by its name from here',
      severity: 'error',
      from: { path: '^(packages|examples)/' },
      to: { path: '^src/', dependencyTypes: ['local'], dependencyTypesNot: ['aliased-workspace'] },
    },
    {
      name: 'packages use only the libraries of their own manifest',
      severity: 'error',
      from: { path: '^packages/', pathNot: test },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
  ];
}

const generalRules: IForbiddenRuleType[] = [
  { name: 'no circles', severity: 'error', from: {}, to: { circular: true } },
  {
    name: 'every import resolves',
    severity: 'error',
    // The packages of the benchmark's contenders are installed only for it, those of strangers for the system tests.
    from: { pathNot: '^(bench/contenders|bench/stacks/programs|test/strangers/programs)/' },
    to: { couldNotResolve: true },
  },
  { name: 'nobody imports a test', severity: 'error', from: {}, to: { path: test } },
  {
    name: 'nobody in src imports src/index.ts',
    severity: 'error',
    from: { path: '^src/' },
    to: { path: '^src/index\\.ts$' },
  },
  {
    name: 'the core has no runtime dependency',
    severity: 'error',
    from: { path: '^src/', pathNot: test },
    to: { dependencyTypes: anyNpm },
  },
];

/** The source files behind the subpaths of the manifest, as one pattern. */
function publicEntries(root: string): string {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const sources = Object.values<{ '@kindred/source'?: string }>(exports)
    .map((conditions) => conditions['@kindred/source']?.replace(/^\.\//, '').replaceAll('.', '\\.'))
    .filter((source) => source !== undefined);
  return `^(${sources.join('|')}|package\\.json)$`;
}

function violations({ summary }: ICruiseResult): string[] {
  return summary.violations.map(({ rule, from, to, cycle }) => {
    const path = cycle ? cycle.map(({ name }) => name).join(' -> ') : to;
    return `${from} -> ${path}: ${rule.name}`;
  });
}

/** Guards against a cruise that reads nothing, and therefore finds nothing. */
function unreadFiles(root: string, { modules }: ICruiseResult): string[] {
  const read = new Set(modules.map(({ source }) => source));
  const files = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(root.length)
        .replace(/^[/\\]/, '')
        .replaceAll('\\', '/'),
    );
  if (files.length === 0) return ['src holds no .ts file: nothing was checked'];
  return files.filter((file) => !read.has(file)).map((file) => `${file}: dependency-cruiser did not read it`);
}

function unknownRooms(root: string): string[] {
  return readdirSync(join(root, 'src'), { withFileTypes: true })
    .filter((entry) =>
      entry.isDirectory()
        ? !rooms.some(({ room }) => room === entry.name)
        : !/^index(\.test)?\.ts$/.test(entry.name),
    )
    .map((entry) => `src/${entry.name}: no such room in tools/layers.json`);
}

function exists(root: string, folder: string): boolean {
  return readdirSync(root).includes(folder);
}
