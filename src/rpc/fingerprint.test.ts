import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fingerprintOf } from './fingerprint.ts';

it('is FNV-1a with 64 bits, as others compute it', () => {
  assert.equal(fingerprintOf(''), 'cbf29ce484222325');
  assert.equal(fingerprintOf('a'), 'af63dc4c8601ec8c');
  assert.equal(fingerprintOf('foobar'), '85944171f73967e8');
});
