import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type ParentDeathMeans, type ParentDeathRequest, planParentDeath } from './parent-death.ts';

const request: ParentDeathRequest = {
  onParentDeath: 'die',
  command: 'sleep',
  args: ['1000'],
  isNode: false,
  descriptor: 4,
  isWrappable: true,
};
const means: ParentDeathMeans = {
  isMainThread: true,
  self: () => ({ pid: 7, started: 99, boot: 'b' }),
  setpriv: '/usr/bin/setpriv',
  watcher: '/watch.js',
};
const node = { ...request, command: 'node', args: ['--flag', 'program.js'], isNode: true };
const asItIs = { command: 'sleep', args: ['1000'], execArgv: [], env: {}, extraDescriptor: false };

it('leaves a child that is to survive as it is', () => {
  assert.deepEqual(planParentDeath({ ...request, onParentDeath: 'survive' }, means), {
    how: 'none',
    ...asItIs,
  });
});

it('has a Node.js child watch a descriptor that ends with this process', () => {
  assert.deepEqual(planParentDeath(node, means), {
    how: 'watcher',
    command: 'node',
    args: ['--flag', 'program.js'],
    execArgv: ['--require=/watch.js'],
    env: { KINDRED_PARENT: 'pid:7:99;fd=4' },
    extraDescriptor: true,
  });
});

it('has a Node.js child that a thread starts watch the process, which outlives the thread', () => {
  const plan = planParentDeath({ ...node, graceMs: 20 }, { ...means, isMainThread: false });
  assert.equal(plan.how, 'watcher');
  assert.deepEqual(plan.env, { KINDRED_PARENT: 'pid:7:99;graceMs=20' });
  assert.equal(plan.extraDescriptor, false);
});

it('has the kernel end what is no Node.js, or may not start a thread, or has lost the watcher', () => {
  const plan = planParentDeath(request, means);
  assert.deepEqual(plan, {
    ...asItIs,
    how: 'pdeathsig',
    command: '/usr/bin/setpriv',
    args: ['--pdeathsig', 'KILL', '--', 'sleep', '1000'],
  });
  for (const flag of ['--permission', '--no-require-module', '--watch', '--watch-path=src', '--run']) {
    const restricted = { ...node, args: ['--flag', flag, 'program.js'] };
    assert.equal(planParentDeath(restricted, means).how, 'pdeathsig', flag);
  }
  for (const args of [
    ['program.js', '--watch'],
    ['--watch-kill-signal=SIGTERM', 'program.js'],
  ])
    assert.equal(planParentDeath({ ...node, args }, means).how, 'watcher');
  assert.equal(planParentDeath({ ...node, flags: ['--experimental-permission'] }, means).how, 'pdeathsig');
  assert.equal(planParentDeath(node, { ...means, watcher: undefined }).how, 'pdeathsig');
});

it('has the kernel end a Node.js child that has no time to end', () => {
  const plan = planParentDeath({ ...node, graceMs: 0 }, means);
  assert.equal(plan.how, 'pdeathsig');
  assert.deepEqual(plan.args, ['--pdeathsig', 'KILL', '--', 'node', '--flag', 'program.js']);
  assert.equal(planParentDeath({ ...node, graceMs: 0 }, { ...means, setpriv: undefined }).how, 'watcher');
});

it('starts a program as it is where the kernel could not end it rightly, or at all', () => {
  const channel = { how: 'channel', ...asItIs };
  assert.deepEqual(planParentDeath(request, { ...means, isMainThread: false }), channel);
  assert.deepEqual(planParentDeath(request, { ...means, setpriv: undefined }), channel);
  assert.deepEqual(planParentDeath({ ...request, isWrappable: false }, means), channel);
  assert.equal(planParentDeath({ ...request, command: '-x' }, means).how, 'channel');
});
