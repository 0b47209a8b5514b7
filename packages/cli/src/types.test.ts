// `kindred types`, as a shell and a compiler see it.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execFile } from 'kindred/process';
import { useKindredCommand } from '../../../test/programs/kindred-command.ts';
import { interfaceOf } from './interface.ts';

const command = useKindredCommand();
const root = fileURLToPath(new URL('../../..', import.meta.url));

before(() => {
  inFolder('package.json', '{ "type": "module" }');
  mkdirSync(join(command.folder, 'node_modules'));
  symlinkSync(root, join(command.folder, 'node_modules/kindred'), 'junction');
});

/** Problems that the strict compiler finds in the files, which may import `kindred`. */
async function compiled(...files: string[]): Promise<string[]> {
  const settings = join(command.folder, 'tsconfig.json');
  writeFileSync(
    settings,
    JSON.stringify({
      extends: join(root, 'tsconfig.base.json'),
      compilerOptions: {
        types: ['node'],
        typeRoots: [join(root, 'node_modules/@types')],
        noUnusedLocals: false,
      },
      files: files.map((file) => join(command.folder, file)),
    }),
  );
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout } = await execFile(process.execPath, [tsc, '-p', settings, '--pretty', 'false'], {
    env: { ...process.env, NODE_OPTIONS: '' },
    timeout: 120_000,
  }).catch((error: { stdout: string }) => error);
  return stdout.split('\n').filter((line) => line !== '');
}

function inFolder(name: string, text: string): void {
  writeFileSync(join(command.folder, name), text);
}

test('what it writes compiles, and a client typed by it calls the service', async () => {
  const server = await command.serve('shop.ts', 'local:shop');
  const output = join(command.folder, 'shop.ts');
  const { code, stderr } = await command.run(['types', 'local:shop', '--output', output, '--name', 'Shop']);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: `written: ${output}\n` });
  inFolder(
    'client.ts',
    `import { connect } from 'kindred';
import { contract, type PartsOfResult, type Shop } from './shop.ts';

const peer = await connect<Shop>('local:shop', { contract, onDifferentContract: 'error' });
const { paid }: { paid: number } = await peer.call.buy({ name: 'pen', price: 2, tags: ['new'] }, 3);
const whole: PartsOfResult = await peer.call.parts.of('pen');
const names: string[] = [];
for await (const name of peer.call.parts.names(2, 'a', 'b', 'c')) names.push(name);
const five: unknown = await peer.call.parts['with-dash'](3);
console.log(JSON.stringify([paid, whole.parts[0]?.parts[0]?.name ?? whole.parts[0]?.name, names, five]));
await peer.close();

async () => {
  // @ts-expect-error: a name is a string
  await peer.call.buy({ name: 5 });
  // @ts-expect-error: it wants an item
  await peer.call.buy();
  // @ts-expect-error: tags are new or old
  await peer.call.buy({ name: 'pen', tags: ['used'] });
  // @ts-expect-error: there is no such function
  await peer.call.sell();
};
`,
  );
  assert.deepEqual(await compiled('client.ts'), []);
  const { stdout } = await execFile(process.execPath, [join(command.folder, 'client.ts')], {
    env: { ...process.env, KINDRED_RUNTIME_DIR: join(command.folder, 'runtime') },
    timeout: 30_000,
  });
  assert.equal(stdout, '[6,"screw",["a","b"],5]\n');
  server.child.kill('SIGTERM');
  await server.ended;
});

test('comments, streams and names that are no identifiers are in it', async () => {
  const server = await command.serve('shop.ts', 'local:told');
  const { stdout } = await command.run(['types', 'local:told']);
  for (const part of [
    '/**\n   * Buys an item.\n   *\n   * So many of it.\n   */\n  buy(what: ',
    '/** As it stands on the label */',
    "tags?: ('new' | 'old')[];",
    ', count?: number): Promise<{ paid: number; when: unknown }>;',
    '  parts: {\n    /** Takes a thing apart. */\n    of(name: string): Promise<PartsOfResult>;',
    '@deprecated\n     */\n    names(count: number, ...names: string[]): AsyncIterable<string>;',
    "    'with-dash'(a: unknown, b?: unknown): Promise<unknown>;",
    '  plain(anything: unknown, ...more: unknown[]): Promise<unknown>;',
    'export type PartsOfResult = { name: string; parts: PartsOfResult[] };',
  ])
    assert.ok(stdout.includes(part), `${part}\nis not in\n${stdout}`);
  server.child.kill('SIGTERM');
  await server.ended;
});

test('a file in which nothing would change is left alone', async () => {
  const server = await command.serve('math.ts', 'local:math');
  const output = join(command.folder, 'math.ts');
  assert.equal((await command.run(['types', 'local:math', '--output', output])).code, 0);
  const { mtimeMs } = statSync(output);
  const again = await command.run(['types', 'local:math', '--output', output]);
  assert.deepEqual([again.code, again.stderr], [0, `nothing has changed: ${output}\n`]);
  assert.equal(statSync(output).mtimeMs, mtimeMs);
  assert.equal(`${readFileSync(output, 'utf8')}`, (await command.run(['types', 'local:math'])).stdout);
  assert.deepEqual(await compiled('math.ts'), []);
  server.child.kill('SIGTERM');
  await server.ended;
});

test('a name that is none, and an address where nobody is, are told as such', async () => {
  const name = await command.run(['types', 'local:nobody', '--name', 'my shop']);
  assert.deepEqual([name.code, name.stdout], [2, '']);
  assert.match(name.stderr, /"my shop" is no name of an interface/);
  assert.equal((await command.run(['types', 'local:nobody', '--name', 'string'])).code, 2);
  assert.equal((await command.run(['types', 'local:nobody'])).code, 3);
});

test('documents of anybody become types that compile', async () => {
  const schema = { type: 'string' };
  const hostile = '*/ export const evil = 1; /* \u2028 \n\u202e `$\u007b1}';
  const documents = [
    { methods: [] },
    {
      methods: [
        {
          name: hostile,
          summary: hostile,
          params: [{ name: hostile, schema: { enum: [hostile] } }],
          result: {},
        },
        { name: 'a', params: [], result: { schema } },
        { name: 'a.b', params: [], result: { schema } },
        { name: 'x..y', params: [] },
        { name: 'x.then', params: [] },
        { name: 'deep.1.2.3.4.5.6.7', params: [] },
        { name: '__proto__', params: [{ name: 'new' }, { name: 'a', required: true }, { name: 'a' }] },
        { name: 'constructor', params: [{ name: 'p', schema: { $ref: '#/components/schemas/*~1' } }] },
        {
          name: 'named',
          paramStructure: 'by-name',
          params: [{ name: 'a-b', schema, required: true }, { name: 'c' }],
        },
        {
          name: 'rest',
          'x-rest': true,
          'x-unnamed': true,
          params: [{ name: 'r', schema: { enum: [1, 2] } }],
        },
        { $ref: '#/components/methods/shared' },
      ],
      components: {
        methods: {
          shared: { name: 'shared', params: [{ $ref: '#/components/params/id' }], result: { schema } },
        },
        params: { id: { name: 'id', required: true, schema: { $ref: '#/components/schemas/Promise' } } },
        schemas: {
          Promise: {
            type: 'object',
            properties: {
              [hostile]: { description: hostile, $ref: '#/x' },
              again: { $ref: '#/components/schemas/Promise' },
            },
          },
          '*/': { anyOf: [{ $ref: '#/components/schemas/*~1' }, schema] },
        },
      },
    },
  ];
  const files = documents.map((document, i) => {
    inFolder(`any${i}.ts`, interfaceOf(JSON.parse(JSON.stringify(document)), 'Any'));
    return `any${i}.ts`;
  });
  inFolder(
    'calls.ts',
    `import { connect } from 'kindred';
import { type Any, contract } from './any1.ts';
async () => {
  const peer = await connect<Any>('local:any', { contract });
  const a: string = await peer.call.a();
  const b: string = await peer.call['a.b']();
  await peer.with({ params: 'named' }).call.named({ 'a-b': a + b });
  await peer.call.rest(1, 2, 2);
  const shared: string = await peer.call.shared({ again: {} });
};
export {};
`,
  );
  assert.deepEqual(await compiled(...files, 'calls.ts'), []);
  const evil = readFileSync(join(command.folder, 'any1.ts'), 'utf8');
  assert.doesNotMatch(evil, /^export const evil/m);
});
