import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compile } from '../../tools/types.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('what must compile does, and what must not does not', async () => {
  assert.deepEqual(await compile(root, ['-p', 'test/types']), []);
});
