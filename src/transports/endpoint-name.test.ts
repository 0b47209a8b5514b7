import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { endpointFileName, endpointPipeName, leastRoom, pipePath } from './endpoint-name.ts';

test('short names of plain characters stay as they are', () => {
  for (const name of ['math', 'a', '7', 'my.app_v2-test', 'x'.repeat(40)])
    assert.equal(endpointFileName(name, 60), name);
});

test('all others keep what is readable and get a hash', () => {
  assert.match(endpointFileName('My App', 60), /^my-app~[0-9a-f]{32}$/);
  assert.match(endpointFileName('../etc/passwd', 60), /^etc-passwd~[0-9a-f]{32}$/);
  assert.match(endpointFileName('\u65e5\u672c', 60), /^~[0-9a-f]{32}$/);
  assert.match(endpointFileName('x'.repeat(41), 60), /^x{24}~[0-9a-f]{32}$/);
  assert.match(endpointFileName('x'.repeat(40), 39), /^x{6}~[0-9a-f]{32}$/);
  assert.match(endpointFileName('x'.repeat(40), leastRoom), /^~[0-9a-f]{32}$/);
});

test('no two names share a file, no name leaves its directory or its room', () => {
  const name = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
    fc.constantFrom('a', 'A', 'a~', 'a b', 'a-b', 'a.sock', '..', '.'),
  );
  fc.assert(
    fc.property(name, name, fc.integer({ min: leastRoom, max: 80 }), (one, other, room) => {
      const [first, second] = [endpointFileName(one, room), endpointFileName(other, room)];
      assert.equal(first === second, one === other);
      for (const file of [first, second]) {
        assert.match(file, /^(~|[a-z0-9])[a-z0-9._~-]*$/);
        assert.ok(file.length <= room);
      }
    }),
    { numRuns: 1000 },
  );
});

test('on Windows an endpoint is a pipe with the user and the name in it', () => {
  assert.equal(pipePath(endpointPipeName('math', 'alice')), '\\\\.\\pipe\\kindred-alice-math');
  assert.match(
    pipePath(endpointPipeName('My App', 'DOMAIN\\Alice B')),
    /^\\\\\.\\pipe\\kindred-domain-alice-b-my-app~[0-9a-f]{32}$/,
  );
  assert.notEqual(endpointPipeName('a/b', 'alice'), endpointPipeName('a-b', 'alice'));
  assert.notEqual(endpointPipeName('a\\b', 'alice'), endpointPipeName('a/b', 'alice'));
});

test('a pipe is called as it is; one whose path is too long is ERR_BAD_ADDRESS with limit and length', () => {
  assert.equal(pipePath('app'), '\\\\.\\pipe\\app');
  assert.equal(pipePath('x'.repeat(247)).length, 256);
  assert.throws(() => pipePath('x'.repeat(248)), {
    code: 'ERR_BAD_ADDRESS',
    message: /has 257 characters .* allows 256/,
  });
});
