import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KindredError } from '../base/errors.ts';
import { type Address, formatAddress, parseAddress } from './address.ts';

const understood: [string, Address][] = [
  ['local:math', { kind: 'local', name: 'math' }],
  ['LOCAL:Math', { kind: 'local', name: 'Math' }],
  ['local:a/b: ü?#%20', { kind: 'local', name: 'a/b: ü?#%20' }],
  ['unix:/run/app.sock', { kind: 'unix', path: '/run/app.sock' }],
  ['unix:app.sock', { kind: 'unix', path: 'app.sock' }],
  ['unix:./@app', { kind: 'unix', path: './@app' }],
  ['unix:///run/app.sock', { kind: 'unix', path: '/run/app.sock' }],
  ['unix:@app', { kind: 'abstract', name: 'app' }],
  ['pipe:app', { kind: 'pipe', name: 'app' }],
  ['pipe:\\\\.\\pipe\\app', { kind: 'pipe', name: 'app' }],
  ['tcp://localhost:8080', { kind: 'tcp', host: 'localhost', port: 8080 }],
  ['tcp://127.0.0.1:0', { kind: 'tcp', host: '127.0.0.1', port: 0 }],
  ['tls://[::1]:65535', { kind: 'tls', host: '::1', port: 65535 }],
  ['tcp://[fe80::1%eth0]:1', { kind: 'tcp', host: 'fe80::1%eth0', port: 1 }],
  ['tcp://[::ffff:127.0.0.1]:1', { kind: 'tcp', host: '::ffff:127.0.0.1', port: 1 }],
  ['stdio:', { kind: 'stdio' }],
  ['parent:', { kind: 'parent' }],
  ['memory:here', { kind: 'memory', name: 'here' }],
];

for (const [text, address] of understood)
  test(`understands ${text}`, () => assert.deepEqual(parseAddress(text), address));

const refused: [string, RegExp][] = [
  ['', /no scheme.*local:NAME/],
  ['math', /no scheme: write local:math/],
  ['/run/app.sock', /write unix:\/run\/app\.sock/],
  ['@app', /write unix:@app/],
  ['\\\\.\\pipe\\app', /write pipe:app/],
  ['8080', /write tcp:\/\/127\.0\.0\.1:8080/],
  ['localhost:8080', /write tcp:\/\/localhost:8080/],
  ['[::1]:8080', /write tcp:\/\/\[::1\]:8080/],
  ['http://localhost:8080', /scheme that is not known/],
  ['stdio', /write stdio:/],
  ['stdio:x', /something after stdio:/],
  ['local:', /no name: write local:NAME/],
  ['memory:', /no name/],
  ['unix:', /no path/],
  ['unix:@', /no name: write unix:@NAME/],
  ['unix://run/app.sock', /has a host: write unix:\/run\/app\.sock/],
  ['unix:/a\0b', /NUL/],
  ['pipe:a\\b', /backslash/],
  ['tcp:localhost:8080', /write tcp:\/\/localhost:8080/],
  ['tcp://localhost', /no port/],
  ['tcp://localhost:', /no port/],
  ['tcp://:8080', /no host/],
  ['tcp://::1:8080', /IPv6 host without brackets/],
  ['tcp://[abc]:1', /host that cannot be understood/],
  ['tcp://user@host:1', /has a user/],
  ['tcp://localhost:65536', /"65536" for a port/],
  ['tcp://localhost:1e3', /"1e3" for a port/],
  ['tcp://localhost:80/path', /"\/path" after the port/],
];

for (const [text, message] of refused)
  test(`refuses ${JSON.stringify(text)} and tells the mend`, () => {
    assert.throws(() => parseAddress(text), { code: 'ERR_BAD_ADDRESS', message });
  });

test('refuses what is no string', () => {
  for (const value of [undefined, null, 8080, {}])
    assert.throws(() => parseAddress(value as never), { code: 'ERR_BAD_ADDRESS', message: /write a string/ });
});

test('shows only the start of a very long bad address', () => {
  assert.throws(
    () => parseAddress('x'.repeat(100_000)),
    (error: KindredError) => error.message.length < 1000,
  );
});

test('an address written and read again is the same', () => {
  const name = fc.string({ unit: 'binary', minLength: 1 });
  const port = fc.integer({ min: 0, max: 65535 });
  const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
  const addresses: fc.Arbitrary<Address> = fc.oneof(
    fc.record({ kind: fc.constantFrom('local' as const, 'memory' as const, 'abstract' as const), name }),
    fc.record({
      kind: fc.constant('unix' as const),
      path: name.map((path) => `/${path.replaceAll('\0', '').replace(/^\/+/, '')}`),
    }),
    fc.record({
      kind: fc.constant('pipe' as const),
      name: name.map((text) => `p${text.replace(/[\\\0]/g, '')}`),
    }),
    fc.record({ kind: fc.constantFrom('tcp' as const, 'tls' as const), host, port }),
    fc.record({ kind: fc.constantFrom('stdio' as const, 'parent' as const) }),
  );
  fc.assert(
    fc.property(addresses, (address) =>
      assert.deepEqual(parseAddress(formatAddress(address)), { ...address }),
    ),
  );
});
