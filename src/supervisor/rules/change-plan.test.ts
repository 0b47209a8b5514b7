import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeStack } from '../stack/describe-stack.ts';
import { checked, type Staged } from '../stack/fixtures/staged-system.ts';
import { type ChangePlan, changePlan } from './change-plan.ts';

const system: Staged = { files: { '/app/other.ts': '' } };
const web = { fork: './web.ts', listen: ['web'], instances: 2 };
const db = { fork: './db.ts' };
const listeners = { web: 'tcp://127.0.0.1:8080' };
const base = { listeners, services: { web, db } };

function plan(from: object, to: object, running: Record<string, number> = {}): ChangePlan {
  const [before, after] = [from, to].map((config) => describeStack(checked(config, { system })));
  assert.ok(before && after);
  // As another process reads it.
  return changePlan(JSON.parse(JSON.stringify(before)), after, running);
}

const nothing = {
  closeListeners: [],
  openListeners: [],
  remove: [],
  reload: [],
  restart: [],
  scale: [],
  add: [],
};

describe('a change of the config', () => {
  it('of nothing changes nothing', () => {
    assert.deepEqual(plan(base, structuredClone(base)), { changes: [], steps: nothing });
  });

  it('adds, removes and scales services', () => {
    const { changes, steps } = plan(base, {
      listeners,
      services: { web: { ...web, instances: 4 }, cache: db },
    });
    assert.deepEqual(changes, [
      { kind: 'scale', service: 'web', from: 2, to: 4 },
      { kind: 'add', service: 'cache', because: ['it is new'] },
      { kind: 'remove', service: 'db', because: ['it is no longer in the config'] },
    ]);
    assert.deepEqual(steps, {
      ...nothing,
      add: ['cache'],
      remove: ['db'],
      scale: [{ service: 'web', from: 2, to: 4 }],
    });
  });

  it('leaves a service as it was scaled by hand, until the config says another number', () => {
    assert.deepEqual(plan(base, structuredClone(base), { web: 7 }).steps.scale, []);
    const to = { listeners, services: { web: { ...web, instances: 3 }, db } };
    assert.deepEqual(plan(base, to, { web: 7 }).steps.scale, [{ service: 'web', from: 7, to: 3 }]);
    assert.deepEqual(plan(base, to, { web: 3 }).steps.scale, []);
  });

  it('reloads what accepts from a listener, and restarts what may hold something of its own', () => {
    const to = { listeners, services: { web: { ...web, fork: './other.ts' }, db: { ...db, args: ['-v'] } } };
    const { changes, steps } = plan(base, to);
    assert.deepEqual(changes, [
      { kind: 'replace', service: 'web', because: ['program'] },
      { kind: 'replace', service: 'db', because: ['program'] },
    ]);
    assert.deepEqual([steps.reload, steps.restart], [['web'], ['db']]);
  });

  it('reloads what gets its connections by a route', () => {
    const from = { listeners, services: { web: { fork: './web.ts' } }, routes: { web: { to: 'web' } } };
    const to = { ...from, services: { web: { fork: './other.ts' } } };
    assert.deepEqual(plan(from, to).steps.reload, ['web']);
  });

  it('names variables of the environment, and tells no value', () => {
    const from = { ...base, env: { A: 'secret', B: '1', C: '2' } };
    const to = { ...base, env: { A: 'other', B: '1', D: '3' } };
    const { changes, steps } = plan(from, to);
    assert.deepEqual(changes[0], {
      kind: 'env',
      service: 'web',
      added: ['D'],
      removed: ['C'],
      changed: ['A'],
    });
    assert.deepEqual([steps.reload, steps.restart], [['web'], ['db']]);
    assert.doesNotMatch(JSON.stringify([changes, describeStack(checked(from, { system }))]), /secret/);
  });

  it('takes over while it runs what is only how it is looked after', () => {
    const settings = {
      restart: 'transient',
      stop: { graceMs: 5 },
      health: { tcp: 8080 },
      memory: '1GB',
      needs: ['db'],
    };
    const { changes, steps } = plan(base, { listeners, services: { web: { ...web, ...settings }, db } });
    assert.deepEqual(changes, [
      { kind: 'settings', service: 'web', because: ['needs', 'restart', 'stop', 'health', 'memory'] },
    ]);
    assert.deepEqual(steps, nothing);
  });

  it('replaces what says by a descriptor that it is ready, and not what is looked at from outside', () => {
    const ready = (given: object): object => ({ listeners, services: { web: { ...web, ready: given }, db } });
    const outside = plan(ready({ tcp: 8080 }), ready({ http: 'http://127.0.0.1:8080/', timeoutMs: 5 }));
    assert.deepEqual(outside.changes, [{ kind: 'settings', service: 'web', because: ['ready'] }]);
    assert.deepEqual(outside.steps, nothing);
    const inside = plan(ready({ tcp: 8080 }), ready({ fd: 5 }));
    assert.deepEqual(inside.changes, [{ kind: 'replace', service: 'web', because: ['ready'] }]);
  });

  it('takes over a rule that routes by, told by its text', () => {
    const routed = (pick: unknown): object => ({
      listeners,
      services: { web: { fork: './web.ts' } },
      routes: { web: { to: 'web', pick } },
    });
    assert.deepEqual(
      plan(
        routed(() => undefined),
        routed(() => undefined),
      ).changes,
      [],
    );
    assert.deepEqual(
      plan(
        routed(() => undefined),
        routed((_: unknown, [first]: [unknown]) => first),
      ).changes,
      [{ kind: 'settings', service: 'web', because: ['routes.web'] }],
    );
  });

  it('opens, closes and moves listeners before all else, and replaces who inherits one that has moved', () => {
    const to = {
      listeners: { web: 'tcp://127.0.0.1:9090', more: 'local:more' },
      services: { web, db: { ...db, listen: ['more'] } },
    };
    const from = { listeners: { ...listeners, old: 'unix:old' }, services: { web, db } };
    const { changes, steps } = plan(from, to);
    assert.deepEqual(changes, [
      {
        kind: 'listener',
        listener: 'web',
        change: 'move',
        from: 'tcp://127.0.0.1:8080',
        to: 'tcp://127.0.0.1:9090',
      },
      { kind: 'listener', listener: 'old', change: 'remove', from: 'unix:/app/old' },
      { kind: 'listener', listener: 'more', change: 'add', to: 'local:more' },
      { kind: 'replace', service: 'web', because: ['listeners.web'] },
      { kind: 'replace', service: 'db', because: ['listen'] },
      // A module with listeners is ready when it listens.
      { kind: 'settings', service: 'db', because: ['ready'] },
    ]);
    assert.deepEqual(steps, {
      ...nothing,
      closeListeners: ['web', 'old'],
      openListeners: ['web', 'more'],
      reload: ['web'],
      restart: ['db'],
    });
  });

  it('keeps a listener open whose settings have changed: they hold from the next start on', () => {
    const to = { listeners: { web: { address: listeners.web, backlog: 9 } }, services: { web, db } };
    const { changes, steps } = plan(base, to);
    assert.deepEqual(changes, [
      {
        kind: 'listener',
        listener: 'web',
        change: 'settings',
        from: 'tcp://127.0.0.1:8080',
        to: 'tcp://127.0.0.1:8080',
      },
    ]);
    assert.deepEqual(steps, nothing);
  });

  it('names groups', () => {
    const from = { ...base, groups: { a: { members: ['web'] }, b: { members: ['db'] } } };
    const to = {
      ...base,
      groups: { a: { members: ['web'], strategy: 'one-for-all' }, c: { members: ['db'] } },
    };
    const { changes, steps } = plan(from, to);
    assert.deepEqual(changes, [
      { kind: 'group', group: 'a', change: 'change' },
      { kind: 'group', group: 'b', change: 'remove' },
      { kind: 'group', group: 'c', change: 'add' },
    ]);
    assert.deepEqual(steps, nothing);
  });
});
