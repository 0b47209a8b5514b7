import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ProcessStat, ProcessSystem } from './process-system.ts';
import { followTree } from './process-tree.ts';

/** A process of the stage, of group and session 1 where nothing else is said. */
function one(pid: number, parent: number, more: Partial<ProcessStat> = {}): ProcessStat {
  return { pid, parent, group: 1, session: 1, started: pid, stopped: false, ended: false, ...more };
}

function stage(...first: ProcessStat[]) {
  let all = first;
  const sent: unknown[] = [];
  const system: ProcessSystem = {
    kill: (pid, signal) => void (signal === 0 || sent.push([pid, signal])),
    stat: (pid) => all.find((stat) => stat.pid === pid),
    all: () => all,
    bootId: () => 'b',
  };
  const change = (...now: ProcessStat[]): void => {
    all = now;
  };
  return { system, sent, change };
}
const pidsOf = (found: ProcessStat[]): number[] => found.map(({ pid }) => pid);
const root = { pid: 10, started: 10, boot: 'b' };

it('finds descendants of every generation, and nobody else', () => {
  const { system } = stage(one(1, 0), one(13, 12), one(10, 1), one(11, 10), one(12, 11), one(14, 1));
  assert.deepEqual(pidsOf(followTree(root, system).look()).sort(), [11, 12, 13]);
});

it('knows a descendant whose parents have ended and whom the system has given another one', () => {
  const { system, change } = stage(one(10, 1), one(11, 10), one(12, 11, { session: 12, group: 12 }));
  const tree = followTree(root, system);
  change(one(1, 0), one(12, 1, { session: 12, group: 12 }), one(15, 12));
  assert.deepEqual(pidsOf(tree.look()), [12, 15]);
});

it('takes a process with the pid of a descendant that has ended for a stranger', () => {
  const { system, change } = stage(one(10, 1), one(11, 10));
  const tree = followTree(root, system);
  change(one(10, 1), one(11, 1, { started: 50 }), one(12, 11, { started: 60 }));
  assert.deepEqual(tree.look(), []);
});

it('takes a process with the pid of the root, and its children, for strangers', () => {
  const lead = { group: 10, session: 10 };
  const { system, change, sent } = stage(one(10, 1, lead));
  const tree = followTree(root, system);
  change(one(10, 1, { ...lead, started: 50 }), one(11, 10, { ...lead, started: 60 }));
  assert.deepEqual(tree.look(true), []);
  assert.equal(tree.signalGroup('SIGKILL'), 'gone');
  assert.deepEqual(sent, []);
});

it('finds the members of the group and session that the root leads, whoever their parent is', () => {
  const lead = { group: 10, session: 10 };
  const { system } = stage(one(10, 1, lead), one(11, 1, lead), one(12, 1, { group: 12, session: 10 }));
  const tree = followTree(root, system);
  assert.deepEqual(pidsOf(tree.look()), [11, 12]);
  assert.equal(tree.leadsGroup, true);
  assert.equal(tree.session, 10);
});

it('finds at the exit of the root who has come since the last look, and keeps to those afterwards', () => {
  const lead = { group: 10, session: 10 };
  const { system, change } = stage(one(10, 1, lead));
  const tree = followTree(root, system);
  change(one(11, 1, lead));
  assert.deepEqual(pidsOf(tree.look(true)), [11]);
  change(one(11, 1, lead), one(12, 1, lead));
  assert.deepEqual(pidsOf(tree.look()), [11, 12]);
  // Empty for a time: its number may be another's by now.
  change();
  tree.look();
  change(one(13, 1, lead));
  assert.deepEqual(tree.look(), []);
});

it('signals the group while somebody of it is left, and not when its number may be another one', () => {
  const lead = { group: 10, session: 10 };
  const { system, change, sent } = stage(one(10, 1, lead), one(11, 10, lead));
  const tree = followTree(root, system);
  assert.equal(tree.signalGroup('SIGTERM'), 'sent');
  change(one(11, 1, lead));
  assert.equal(tree.signalGroup('SIGHUP'), 'sent');
  change(one(11, 1, { ...lead, started: 50 }));
  assert.equal(tree.signalGroup('SIGKILL'), 'gone');
  assert.deepEqual(sent, [
    [-10, 'SIGTERM'],
    [-10, 'SIGHUP'],
  ]);
});

it('signals no group that the root does not lead', () => {
  const { system, sent } = stage(one(10, 1), one(11, 10));
  assert.equal(followTree(root, system).signalGroup('SIGTERM'), 'gone');
  assert.deepEqual(sent, []);
});

it('does not tell who has ended', () => {
  const { system } = stage(one(10, 1), one(11, 10, { ended: true }), one(12, 10));
  assert.deepEqual(pidsOf(followTree(root, system).look()), [12]);
});

it('without /proc, has the group for as long as it was never seen empty', () => {
  const sent: unknown[] = [];
  let isEmpty = false;
  const kill = (pid: number, signal: NodeJS.Signals | 0): void => {
    if (isEmpty) throw Object.assign(new Error('ESRCH'), { code: 'ESRCH' });
    if (signal !== 0) sent.push([pid, signal]);
  };
  const system: ProcessSystem = { kill, stat: () => undefined, all: () => [], bootId: () => undefined };
  const tree = followTree({ pid: 10 }, system);
  assert.equal(tree.leadsGroup, true);
  assert.deepEqual(tree.look(), []);
  assert.equal(tree.hasUnseen(), true);
  assert.equal(tree.signalGroup('SIGTERM'), 'sent');
  isEmpty = true;
  assert.equal(tree.hasUnseen(), false);
  isEmpty = false;
  assert.equal(tree.signalGroup('SIGKILL'), 'gone');
  assert.deepEqual(sent, [[-10, 'SIGTERM']]);
});
