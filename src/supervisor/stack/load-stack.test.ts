import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { loadStack } from './load-stack.ts';

describe('loadStack', () => {
  const root = mkdtempSync(join(tmpdir(), 'kindred-load-'));
  let folder = '';
  let count = 0;
  beforeEach(() => {
    folder = join(root, `shop${++count}`);
    mkdirSync(folder);
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  after(() => rmSync(root, { recursive: true }));
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  const node = `{ run: [${JSON.stringify(process.execPath)}] }`;
  const stack = (name: string): string => `{ name: '${name}', services: { web: ${node} } }`;

  for (const [name, text] of [
    [
      'kindred.config.ts',
      `const stack: { name: string; services: object } = ${stack('typed')};\nexport default stack;`,
    ],
    ['kindred.config.mts', `export default ${stack('typed')} as object;`],
    ['kindred.config.js', `export default ${stack('typed')};`],
    ['kindred.config.mjs', `export default ${stack('typed')};`],
    [
      'kindred.config.json',
      JSON.stringify({ name: 'typed', services: { web: { run: [process.execPath] } } }),
    ],
  ] as const)
    it(`reads ${name}, named by its folder or by itself`, async () => {
      write('package.json', '{ "type": "module" }');
      write(name, text);
      assert.equal((await loadStack(folder)).name, 'typed');
      const { file, directory } = await loadStack(join(folder, name));
      assert.deepEqual([file, directory], [join(folder, name), folder]);
    });

  it('reads CommonJS', async () => {
    write('package.json', '{ "type": "commonjs" }');
    write('kindred.config.js', `module.exports = ${stack('old')};`);
    assert.equal((await loadStack(folder)).name, 'old');
    write('kindred.config.js', `module.exports = ${stack('older')};`);
    assert.equal((await loadStack(folder)).name, 'older');
  });

  it('reads the file as it is now, and what it imports by relative paths', async () => {
    write('package.json', '{ "type": "module" }');
    write('port.ts', 'export const port: number = 8080;');
    write('listeners.ts', "import { port } from './port.ts';\nexport const web = 'tcp://127.0.0.1:' + port;");
    const config = (name: string): string =>
      `import { web } from './listeners.ts';\nexport default { name: '${name}', listeners: { web }, services: {} };`;
    write('kindred.config.ts', config('one'));
    const first = await loadStack(folder);
    write('kindred.config.ts', config('two'));
    write('port.ts', 'export const port: number = 9090;');
    const second = await loadStack(folder);
    assert.deepEqual([first.name, first.listeners['web']?.address], ['one', 'tcp://127.0.0.1:8080']);
    assert.deepEqual([second.name, second.listeners['web']?.address], ['two', 'tcp://127.0.0.1:9090']);
  });

  it('reads it again after it could not be loaded', async () => {
    write('kindred.config.mjs', 'export default {');
    await assert.rejects(loadStack(folder), { code: 'ERR_BAD_CONFIG' });
    write('kindred.config.mjs', `export default ${stack('mended')};`);
    assert.equal((await loadStack(folder)).name, 'mended');
  });

  const refusals: [what: string, files: Record<string, string>, message: RegExp][] = [
    ['a folder without one', {}, /holds no kindred\.config\.\*: write kindred\.config\.ts/],
    [
      'a folder with two',
      { 'kindred.config.ts': '', 'kindred.config.json': '' },
      /has kindred\.config\.json and kindred\.config\.ts: name the one/,
    ],
    ['what does not parse', { 'kindred.config.mjs': 'export default {' }, /could not be loaded: SyntaxError/],
    [
      'what throws',
      { 'kindred.config.mjs': 'throw new RangeError("no luck")' },
      /could not be loaded: RangeError: no luck/,
    ],
    [
      'what exports nothing',
      { 'kindred.config.mjs': 'export const x = 1' },
      /has no default export: write export default defineStack/,
    ],
    [
      'a function',
      { 'kindred.config.mjs': 'export default () => {}' },
      /exports a function: export the stack itself/,
    ],
    ['what is no JSON', { 'kindred.config.json': '{' }, /is no JSON/],
    ['what is wrong', { 'kindred.config.json': '{}' }, /services is missing/],
  ];
  for (const [what, files, message] of refusals)
    it(`refuses ${what}, and says where`, async () => {
      for (const [name, text] of Object.entries(files)) write(name, text);
      await assert.rejects(loadStack(folder), (error: Error & { code: string }) => {
        assert.equal(error.code, 'ERR_BAD_CONFIG');
        assert.match(error.message, message);
        assert.ok(error.message.startsWith(folder));
        return true;
      });
    });

  it('waits no longer than it is told for one that never ends to load', async () => {
    write('kindred.config.mjs', 'await new Promise(() => {}); export default {}');
    await assert.rejects(loadStack(folder, { timeoutMs: 50 }), { code: 'ERR_TIMEOUT', message: /to load/ });
    await assert.rejects(loadStack(folder, { signal: AbortSignal.abort() }), { code: 'ERR_CANCELLED' });
  });

  it('refuses a file that is not there', async () => {
    await assert.rejects(loadStack(join(folder, 'other.config.ts')), {
      code: 'ERR_BAD_CONFIG',
      message: /other\.config\.ts is not there/,
    });
  });
});
