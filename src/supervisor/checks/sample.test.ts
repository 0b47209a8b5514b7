import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { identityOfProcess } from '../../process/process-identity.ts';
import { thisSystem } from '../../process/process-system.ts';
import { readTime, sample } from './sample.ts';

const skip = process.platform === 'win32' && 'there is neither /proc nor ps';

describe('what a process uses', { skip }, () => {
  it('counts what it has started, and grows with what it does', async () => {
    const own = identityOfProcess(process.pid);
    const child = spawn('sh', ['-c', 'sleep 1000 & echo up; wait'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    await once(child.stdout, 'data');
    const [before, ofChild] = await sample([own, identityOfProcess(child.pid as number)]);
    assert.ok(before !== undefined && ofChild !== undefined);
    assert.equal(ofChild.processes, 2);
    assert.ok(before.processes >= 3 && before.memoryBytes > ofChild.memoryBytes && ofChild.memoryBytes > 0);
    for (const until = process.cpuUsage().user + 100_000; process.cpuUsage().user < until; );
    const [later] = await sample([own]);
    assert.ok((later?.cpuMs ?? 0) - before.cpuMs >= 50);
    process.kill(-(child.pid as number), 'SIGKILL');
    await once(child, 'exit');
  });

  it('is not told of one that has gone, nor of another one with its pid', async () => {
    const own = identityOfProcess(process.pid);
    const other = own.started === undefined ? [] : [{ ...own, started: own.started - 1 }];
    const child = spawn('true');
    const gone = identityOfProcess(child.pid as number);
    await once(child, 'exit');
    for (const use of await sample([gone, ...other])) assert.equal(use, undefined);
    assert.deepEqual(await sample([]), []);
  });

  it('is told by ps where there is no /proc', async () => {
    const [use] = await sample([identityOfProcess(process.pid)], { ...thisSystem, all: () => [] });
    // A machine may have no ps.
    if (use !== undefined) assert.ok(use.memoryBytes > 1_000_000 && use.processes >= 1);
  });

  it('reads the times of every ps', () => {
    assert.deepEqual(
      ['0:01.50', '01:02:03', '2-00:00:01', 'none'].map(readTime),
      [1500, 3_723_000, 172_801_000, 0],
    );
  });
});
