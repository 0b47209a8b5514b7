import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identityOfProcess } from '../process/process-identity.ts';
import { ownerOfTemporary, temporaryName } from './temporary-name.ts';

test('a passing name tells whose it is', () => {
  const { pid, started } = identityOfProcess(process.pid);
  for (const owner of [
    { pid, started },
    { pid: 4194304, started: Number.MAX_SAFE_INTEGER },
    { pid: 1, started: undefined },
  ])
    assert.deepEqual(ownerOfTemporary(temporaryName(owner)), owner);
  for (const name of ['math.sock', '.secret', '.hidden', '.1.2.3', '..', '.lock-0123'])
    assert.equal(ownerOfTemporary(name), undefined, name);
});
