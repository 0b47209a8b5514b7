// When a stack counts as up.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { InstanceStatus } from 'kindred/supervisor';
import { verdictOn } from './until-up.ts';

const instance = (
  service: string,
  state: InstanceStatus['state'],
  more: Partial<InstanceStatus> = {},
): InstanceStatus => ({
  service,
  instance: 1,
  state,
  since: 0,
  restarts: 0,
  generation: 1,
  ...more,
});
const verdict = (instances: InstanceStatus[], blocked = false) =>
  verdictOn(
    {
      instances,
      services: instances.map(({ service, state }) => ({ service, state, instances: 1, ready: 1 })),
    },
    blocked,
  );

it('is up when every service serves, has run through, or waits for its time', () => {
  const all = [
    instance('web', 'ready'),
    instance('migrate', 'ended'),
    instance('report', 'waiting', { nextStartAt: 1 }),
    instance('legacy', 'stopped'),
  ];
  assert.deepEqual(verdict(all), { kind: 'done', text: 'web, migrate, report, legacy up' });
  assert.deepEqual(verdict([]), { kind: 'done', text: 'nothing up' });
});

it('is on its way while anything starts, restarts, or waits for what it needs', () => {
  for (const state of ['starting', 'backoff', 'unhealthy', 'draining', 'waiting'] as const)
    assert.equal(verdict([instance('web', 'ready'), instance('api', state)]), undefined);
  assert.equal(verdict([instance('web', 'failed'), instance('api', 'starting')]), undefined);
});

it('has failed when a service has, once nothing moves any more', () => {
  assert.deepEqual(verdict([instance('db', 'failed'), instance('web', 'ready')]), {
    kind: 'failed',
    text: 'db.1 failed',
  });
  const waiting = [instance('db', 'failed'), instance('web', 'waiting')];
  assert.equal(verdict(waiting), undefined);
  assert.deepEqual(verdict(waiting, true), {
    kind: 'failed',
    text: 'db.1 failed, and web.1 cannot start without',
  });
});
