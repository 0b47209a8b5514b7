import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import type { Exit } from '../../process/outcome.ts';
import { routerProgram } from '../routes/router-plan.ts';
import { openListener } from './listeners.ts';
import { keepRouters } from './routers.ts';
import { createSwitchboard } from './switchboard.ts';

const skip = process.platform === 'win32' && 'there is no keeper';
const dir = mkdtempSync(join(tmpdir(), 'routers-'));
after(() => rmSync(dir, { recursive: true, force: true }));

describe('a router of the keeper', { skip }, () => {
  it('is started again where its rule never comes to an end', async () => {
    const config = join(dir, 'kindred.config.mjs');
    writeFileSync(
      config,
      `const pick = () => undefined;
      pick.peek = { bytes: 1, timeoutMs: 60_000, enough() { for (;;); } };
      export default { routes: { web: { to: 'web', pick } } };`,
    );
    const path = join(dir, 'web');
    const web = await openListener({ name: 'web', address: `unix:${path}` });
    const ready = [Promise.withResolvers<number>(), Promise.withResolvers<number>()] as const;
    const ended = Promise.withResolvers<Exit>();
    let starts = 0;
    const routers = keepRouters({
      directory: dir,
      switchboard: createSwitchboard(),
      lend: () => web.lend(),
      onReady: (_listener, pid) => ready[starts++]?.resolve(pid),
      onExit: (_listener, exit) => ended.resolve(exit),
      clock: systemClock,
      answerTimeoutMs: 600,
    });
    const router = routerProgram({ listener: 'web', config });
    routers.set({ listener: 'web', router, targets: [] });
    const visitor = connect(path);
    try {
      const first = await ready[0].promise;
      visitor.on('error', () => {}).write('hello');
      assert.deepEqual(await ended.promise, { exitCode: null, signal: 'SIGKILL' });
      const second = await ready[1].promise;
      assert.notEqual(second, first);
      assert.deepEqual(routers.entries(), [{ listener: 'web', router, targets: [], pid: second }]);
    } finally {
      visitor.destroy();
      await routers.end();
      await web.close();
    }
    assert.deepEqual(routers.entries(), []);
  });
});
