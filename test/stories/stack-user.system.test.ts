/** A service that runs as another user than its supervisor says that it is ready like any other. Needs root and socat. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ReadySpec, ServiceSpec } from '../../src/supervisor/index.ts';
import { within } from './fixtures/deadline.ts';
import { around, onPosix, supervising } from './fixtures/stacks.ts';
import { onStage } from './fixtures/stage.ts';

const nobody = 65534;
const service = (say: string, ready: ReadySpec): ServiceSpec => ({
  run: ['sh', '-c', `test "$(id -u)" = ${nobody} && ${say}; exec sleep 100000`],
  cwd: '/',
  user: nobody,
  group: nobody,
  ready,
});

describe('a service of another user', onPosix, () => {
  it('is ready by sd_notify, and by a line', () =>
    onStage(async (stage) => {
      assert.equal(process.geteuid?.(), 0, 'run this as root');
      const services = {
        notify: service('echo READY=1 | socat -u STDIN "UNIX-SENDTO:$NOTIFY_SOCKET"', 'notify'),
        line: service('echo READY=1 >&3', { fd: 3 }),
      };
      await supervising(stage, { ...around, services }, async (stack) => {
        await within('both are ready', stack.ready);
      });
    }));
});
