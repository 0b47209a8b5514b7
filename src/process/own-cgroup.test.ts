import assert from 'node:assert/strict';
import { it } from 'node:test';
import { findCgroup } from './own-cgroup.ts';

const mount = (root: string, at: string, kind = 'cgroup2'): string =>
  `31 23 0:26 ${root} ${at} rw,nosuid shared:4 - ${kind} ${kind} rw,nsdelegate`;
const others = `22 1 8:1 / / rw - ext4 /dev/sda1 rw
${mount('/', '/sys/fs/cgroup/memory', 'cgroup')}`;

it('finds the cgroup of a process below the place where cgroup2 is mounted', () => {
  const mounts = `${others}\n${mount('/', '/sys/fs/cgroup')}\n`;
  assert.equal(findCgroup(mounts, '0::/user.slice/app.scope\n'), '/sys/fs/cgroup/user.slice/app.scope');
  assert.equal(findCgroup(mounts, '4:memory:/somewhere\n0::/\n'), '/sys/fs/cgroup');
});

it('finds it where only a part of the hierarchy is mounted, as in a container', () => {
  const mounts = `${others}\n${mount('/docker/abc', '/sys/fs/cgroup')}\n`;
  assert.equal(findCgroup(mounts, '0::/docker/abc\n'), '/sys/fs/cgroup');
  assert.equal(findCgroup(mounts, '0::/docker/abc/app\n'), '/sys/fs/cgroup/app');
  assert.equal(findCgroup(mounts, '0::/docker/abcd\n'), undefined);
});

it('understands a mount point with a blank in its name', () => {
  assert.equal(findCgroup(mount('/', '/run/my\\040cgroups'), '0::/a'), '/run/my cgroups/a');
});

it('finds nothing without cgroup2, and nothing outside of what can be seen', () => {
  assert.equal(findCgroup(others, '4:memory:/somewhere\n'), undefined);
  assert.equal(findCgroup(others, '0::/a\n'), undefined);
  assert.equal(findCgroup(mount('/', '/sys/fs/cgroup'), '0::/../other\n'), undefined);
});
