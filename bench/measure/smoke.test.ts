/** The command as a whole, with contenders that need no packages. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Report } from './report.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'kindred-bench-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function bench(...args: string[]) {
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', timeout: 60_000 });
}

test('measures a case with two contenders, says it in a table and as JSON', () => {
  const json = join(folder, 'results.json');
  const { status, stdout, stderr } = bench(
    ...['--quick', '--way', 'free', '--rounds', '1', '--json', json],
    ...['--case', 'calls-64', '--contender', 'bare,kindred'],
  );
  assert.equal(status, 0, stderr);
  assert.match(stdout, /64 calls in flight/);
  assert.match(stdout, /64 calls in flight, against bare +free +>= 2/);
  const { results } = JSON.parse(readFileSync(json, 'utf8')) as Report;
  assert.deepEqual(
    results.map(({ contender, way, rounds }) => [contender, way, rounds.length]),
    [
      ['bare', 'free', 1],
      ['kindred', 'free', 1],
    ],
  );
  for (const { rounds } of results) {
    const { callsPerSecond = 0, cpuUs = 0, serverPeakMiB = 0 } = rounds[0]?.figures ?? {};
    assert.ok(callsPerSecond > 100 && cpuUs > 0.1 && serverPeakMiB > 1);
  }
});

test('refuses a case and a contender that are not there', () => {
  assert.match(bench('--case', 'nothing').stderr, /there is no case 'nothing'/);
  assert.match(bench('--contender', 'nobody').stderr, /no case has these contenders/);
});
