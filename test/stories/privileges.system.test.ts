/** A program that was root for as long as it had to be can do nothing of that afterwards. Needs root, setpriv and unshare. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { within } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';

const folder = mkdtempSync(join(tmpdir(), 'kindred-privileges-'));
const secret = join(folder, 'secret');
const started = new Set<ChildProcess>();

before(() => {
  assert.equal(process.geteuid?.(), 0, 'run this as root');
  writeFileSync(secret, 'of root alone', { mode: 0o600 });
});
after(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

interface Run {
  /** The next line that it prints; undefined: it has ended. */
  line(): Promise<string | undefined>;
  ended(): Promise<{ how: number | string; stderr: string }>;
}

/** `through`: a command that starts it, and its arguments. */
function start(program: string, args: string[], { env = {}, through = [] as string[] } = {}): Run {
  const { SUDO_UID: _uid, SUDO_GID: _gid, ...inherited } = process.env;
  const [command = '', ...rest] = [...through, process.execPath, fixture(program), ...args];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...inherited, ...env } });
  started.add(child);
  const exited = once(child, 'exit').finally(() => started.delete(child));
  const stderr = text(child.stderr);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    line: async () => (await within('a line', lines.next())).value,
    async ended() {
      const [code, signal] = await within('it ends', exited);
      return { how: code ?? signal, stderr: await stderr };
    },
  };
}

/** Starts the server on its low port, asks it once, and gives what it said about itself. */
async function serveOnce(
  options: object,
  how?: Parameters<typeof start>[2],
): Promise<Record<string, unknown>> {
  const run = start('low-port.ts', [JSON.stringify(options), secret], how);
  const line = await run.line();
  if (line === undefined) assert.fail((await run.ended()).stderr);
  const { dropped, port } = JSON.parse(line) as { dropped: object; port: number };
  assert.ok(port < 1024);
  const [response] = await within(
    'an answer',
    once(get({ port, host: '127.0.0.1', agent: false }), 'response'),
  );
  const about = JSON.parse(await text(response)) as object;
  assert.equal(await run.line(), 'an exit listener has run');
  assert.deepEqual(await run.ended(), { how: 0, stderr: '' });
  return { dropped, ...about };
}

const four = (id: number): number[] => [id, id, id, id];
const nothingOfRoot = { capabilities: [0, 0], secret: 'EACCES', back: ['EPERM', 'EPERM', 'EPERM', 'EPERM'] };

describe('a server on a low port', () => {
  const www = { uids: four(33), gids: four(33), groups: [33], dropped: { uid: 33, gid: 33, groups: [33] } };

  for (const options of [{ user: 'www-data' }, { user: 33 }, { user: 'www-data', group: 'www-data' }])
    it(`serves as ${JSON.stringify(options)}, and has no way back`, async () => {
      assert.deepEqual(await serveOnce(options), { ...www, ...nothingOfRoot });
    });

  it('serves as a number that has no entry', async () => {
    assert.deepEqual(await serveOnce({ user: 54_321, group: 54_322 }), {
      uids: four(54_321),
      gids: four(54_322),
      groups: [54_322],
      dropped: { uid: 54_321, gid: 54_322, groups: [54_322] },
      ...nothingOfRoot,
    });
  });

  it('serves as whoever has called sudo', async () => {
    assert.deepEqual(await serveOnce({}, { env: { SUDO_UID: '33', SUDO_GID: '33' } }), {
      ...www,
      ...nothingOfRoot,
    });
  });

  it('serves as the real user where it was started set-uid root, whatever SUDO_UID says', async () => {
    const through = ['setpriv', '--ruid', '33', '--rgid', '33', '--keep-groups'];
    const env = { SUDO_UID: '54321', SUDO_GID: '54321' };
    assert.deepEqual(await serveOnce({}, { through, env }), { ...www, ...nothingOfRoot });
  });
});

describe('a program ends with 77 before anything else of it runs', () => {
  const cases: [string, object, Parameters<typeof start>[2], RegExp][] = [
    ['where nobody says whom to become', {}, {}, /nobody says whom to become/],
    [
      'where the user is not known',
      { user: 'nobody-of-that-name' },
      {},
      /there is no user "nobody-of-that-name"/,
    ],
    ['where the user is root', { user: 'root' }, {}, /is root/],
    [
      'where groups may not be set',
      { user: 'www-data' },
      { through: ['setpriv', '--bounding-set', '-setgid', '--inh-caps', '-setgid'] },
      /initgroups failed: EPERM/,
    ],
    [
      'where the user may not be set',
      { user: 'www-data' },
      { through: ['setpriv', '--bounding-set', '-setuid', '--inh-caps', '-setuid'] },
      /setuid failed: EPERM/,
    ],
  ];
  for (const [where, options, how, why] of cases)
    it(where, async () => {
      const run = start('low-port.ts', [JSON.stringify(options), secret], how);
      assert.equal(await run.line(), undefined);
      const { how: code, stderr } = await run.ended();
      assert.match(stderr, why);
      assert.equal(code, 77);
    });

  it('or, where a thread asks for it, by SIGKILL', async () => {
    const run = start('drops-in-thread.ts', []);
    assert.equal(await run.line(), undefined);
    const { how, stderr } = await run.ended();
    assert.match(stderr, /this is a worker thread/);
    assert.equal(how, 'SIGKILL');
  });
});

describe('a program that is started, or becomes, another user', () => {
  // Users of our own, which nobody else sees.
  const passwd = join(folder, 'passwd');
  const group = join(folder, 'group');
  const script = 'mount --bind "$0" /etc/passwd; mount --bind "$1" /etc/group; shift; exec "$@"';
  const through = ['unshare', '--mount', 'sh', '-ec', script, passwd, group];

  before(() => {
    writeFileSync(
      passwd,
      'root:x:0:0::/:/bin/sh\nkin:x:54321:54322::/:/bin/sh\nlone:x:54323:54323::/:/bin/sh\n',
    );
    writeFileSync(group, 'root:x:0:\nkin:x:54322:\naudio:x:54400:kin,root\nvideo:x:54401:kin\n');
  });

  for (const [who, ids] of [
    [{ user: 'kin' }, [[54_321], [54_322], [54_322, 54_400, 54_401]]],
    [{ user: 54_321 }, [[54_321], [54_322], [54_322, 54_400, 54_401]]],
    [{ user: 'lone' }, [[54_323], [54_323], [54_323]]],
    [{ user: 54_500, group: 'video' }, [[54_500], [54_401], [54_401]]],
  ] as const)
    for (const drop of [false, true])
      it(`${drop ? 'becomes' : 'runs as'} ${JSON.stringify(who)} with all groups of that user, and no other`, async () => {
        const run = start('runs-as.ts', [JSON.stringify(who), ...(drop ? ['drop'] : [])], { through });
        const line = await run.line();
        const { how, stderr } = await run.ended();
        assert.deepEqual([how, stderr], [0, '']);
        assert.deepEqual(JSON.parse(line ?? ''), ids);
      });

  it('is refused where this process is not that of root', async () => {
    const notRoot = [...through, 'setpriv', '--reuid', '54323', '--regid', '54323', '--clear-groups'];
    const run = start('runs-as.ts', ['{"user":"kin"}'], { through: notRoot });
    assert.equal(await run.line(), undefined);
    assert.match((await run.ended()).stderr, /ERR_NOT_PERMITTED/);
  });
});
