/** That every file of a folder is a program that asserts its own result, and leaves nothing behind. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createPrivatePlace } from './private-place.ts';
import { runProgram } from './run-program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Programs from npm that some talk to. */
const packages = join(root, 'test', 'strangers', 'node_modules', '.bin');
const [major = 0] = process.versions.node.split('.').map(Number);

export function testExamples(folder: string): void {
  describe(folder, { concurrency: 2 }, () => {
    for (const example of globSync(`${folder}/*.ts`, { cwd: root }).sort()) {
      const newSyntax = readFileSync(join(root, example), 'utf8').includes('await using ');
      const skip = newSyntax && major < 24 && '`await using` needs Node.js 24';
      it(`${example} runs, ends well and leaves nothing behind`, { skip }, async () => {
        const place = createPrivatePlace();
        try {
          const env = { ...place.env, PATH: [place.env['PATH'], packages].join(delimiter) };
          const { code, stdout, stderr } = await runProgram(example, env);
          assert.equal(code, 0, stdout + stderr);
          assert.deepEqual(place.leftovers(), []);
        } finally {
          place.remove();
        }
      });
    }
  });
}
