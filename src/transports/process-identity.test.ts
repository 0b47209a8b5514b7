import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProgram } from '../../test/suites/program.ts';
import { identityOfProcess, isAlive } from './process-identity.ts';
import { ownerOfTemporary, temporaryName } from './temporary-name.ts';

test('a process is known by its pid and its start: another one with the same pid is not it', async () => {
  const self = identityOfProcess(process.pid);
  assert.equal(isAlive(self), true);
  assert.equal(isAlive({ pid: process.pid }), true);
  if (process.platform === 'linux')
    assert.equal(isAlive({ ...self, started: (self.started ?? 0) - 1 }), false);
  assert.equal(isAlive(identityOfProcess(1)), true);

  const other = startProgram(new URL('../../test/programs/local-server.ts', import.meta.url));
  const identity = identityOfProcess(other.pid);
  assert.equal(isAlive(identity), true);
  await other.kill();
  assert.equal(isAlive(identity), false);
});

test('a passing name tells whose it is', () => {
  for (const owner of [
    identityOfProcess(process.pid),
    { pid: 4194304, started: Number.MAX_SAFE_INTEGER },
    { pid: 1, started: undefined },
  ])
    assert.deepEqual(ownerOfTemporary(temporaryName(owner)), owner);
  for (const name of ['math.sock', '.secret', '.hidden', '.1.2.3', '..', '.lock-0123'])
    assert.equal(ownerOfTemporary(name), undefined, name);
});
