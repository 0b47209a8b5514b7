// What doctor says of machines that are not this one.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { say } from '../../../../test/programs/fake-terminal.ts';
import { type Finding, findings, type Machine } from './findings.ts';

const sound: Machine = {
  nodeVersion: '24.21.0',
  platform: 'linux',
  pid: 4711,
  uid: 1000,
  env: { PATH: '/bin' },
  cgroup: '/sys/fs/cgroup/app',
  survey: { directory: '/tmp/kindred-1000', endpoints: [] },
  read: (path) =>
    ({
      '/proc/1/comm': 'systemd\n',
      '/proc/sys/net/ipv4/tcp_migrate_req': '1\n',
      '/proc/self/limits':
        'Max processes             63000  63000  processes\nMax open files            524288  524288  files\n',
    })[path],
  exists: () => true,
  canWrite: () => true,
  nearest: (path) => path,
  freeBytes: () => 50e9,
  userName: 'ada',
};

const troubles = async (part: Partial<Machine>): Promise<Finding[]> =>
  (await findings({ ...sound, ...part })).filter(({ level }) => level !== 'ok');

it('finds nothing to complain about on a sound machine', async () => {
  assert.deepEqual(await troubles({}), []);
});

const cases: [string, Partial<Machine>, Finding['level'], RegExp, RegExp][] = [
  ['a Node.js that is too old', { nodeVersion: '22.17.1' }, 'broken', /22\.17\.1/, /install Node\.js 22\.18/],
  ['being PID 1', { pid: 1 }, 'note', /is PID 1/, /docker run --init/],
  [
    'a PID 1 that does not reap',
    { read: (path) => (path === '/proc/1/comm' ? 'node\n' : sound.read(path)) },
    'note',
    /is node/,
    /--init/,
  ],
  ['no cgroup', { cgroup: undefined }, 'note', /none of version 2/, /cgroup2/],
  [
    'a cgroup of somebody else',
    { canWrite: (path) => !path.startsWith('/sys') },
    'note',
    /not delegated/,
    /Delegate=yes/,
  ],
  [
    'few open files',
    { read: (path) => sound.read(path)?.replace('524288', '1024') },
    'note',
    /at most 1024/,
    /ulimit -n 524288/,
  ],
  [
    'few processes',
    { read: (path) => sound.read(path)?.replace('63000', '100') },
    'note',
    /at most 100/,
    /TasksMax=/,
  ],
  [
    'a runtime directory that others can enter',
    {
      survey: {
        directory: '/tmp/x',
        fault: 'the runtime directory /tmp/x has mode 0755: chmod 700 /tmp/x',
        endpoints: [],
      },
    },
    'broken',
    /has mode 0755$/,
    /^chmod 700/,
  ],
  [
    'a stale socket',
    {
      survey: { directory: '/tmp/x', endpoints: [{ name: 'web', socket: '/tmp/x/web.sock', alive: false }] },
    },
    'note',
    /local:web was left/,
    /rm \/tmp\/x\/web\.sock/,
  ],
  ['a full disk', { freeBytes: () => 1e6 }, 'note', /1\.00 MB are free/, /XDG_STATE_HOME/],
  [
    'logs that cannot be written',
    { canWrite: (path) => path.startsWith('/sys') },
    'broken',
    /cannot write/,
    /XDG_STATE_HOME/,
  ],
  [
    'a missing helper',
    { exists: (path) => !path.endsWith('socat') },
    'note',
    /needed for ready: 'notify'/,
    /apt-get install socat/,
  ],
  [
    'no mkfifo',
    { exists: (path) => !path.endsWith('mkfifo') },
    'broken',
    /the pipes of every service/,
    /coreutils/,
  ],
  [
    'a user that does not linger',
    { exists: (path) => !path.includes('linger') },
    'note',
    /last login/,
    /enable-linger ada/,
  ],
  [
    'a kernel that does not move connections',
    { read: (path) => (path.endsWith('migrate_req') ? '0\n' : sound.read(path)) },
    'note',
    /reusePort/,
    /sysctl/,
  ],
];

for (const [what, part, level, text, mend] of cases)
  it(`finds ${what}, with the mend`, async () => {
    const found = await troubles(part);
    assert.equal(found.length, 1, JSON.stringify(found));
    assert.equal(found[0]?.level, level);
    assert.match(found[0]?.text ?? '', text);
    assert.match(found[0]?.mend ?? '', mend);
  });

it('says of this machine each finding in a line, and as JSON', async () => {
  const { stdout } = await say({}, 'doctor');
  assert.match(stdout, /^(ok|note|broken) +Node\.js +\d+\.\d+\.\d+$/m);
  const json = await say({}, 'doctor', '--json');
  for (const line of json.stdout.trimEnd().split('\n')) {
    const { level, about, text } = JSON.parse(line);
    assert.ok(level && about && text, line);
  }
});
