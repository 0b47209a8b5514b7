/** `READY=1` by sd_notify, from programs of every language. Needs socat, python3 and root. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { execFile } from '../../process/exec.ts';
import type { ProcessEntry } from '../keeper/keeper.ts';
import { openNotifySocket } from './notify-socket.ts';
import { planReady } from './ready.ts';

const root = mkdtempSync(join(tmpdir(), 'notify-'));
after(() => rmSync(root, { recursive: true, force: true }));

const sender = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for message in sys.argv[1:]: s.sendto(message.encode(), os.environ['NOTIFY_SOCKET'])`;

/** As `systemd-notify` does: what it sends along is closed when all before it was received. */
const barrier = `
import os, select, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ['NOTIFY_SOCKET'])
s.send(sys.argv[1].encode())
ours, theirs = os.pipe()
socket.send_fds(s, [b'BARRIER=1'], [theirs])
os.close(theirs)
sys.exit(0 if select.select([ours], [], [], 20)[0] else 1)`;

async function send(env: NodeJS.ProcessEnv, ...messages: string[]): Promise<void> {
  (await execFile('python3', ['-c', sender, ...messages], { env: { ...process.env, ...env } })).orThrow();
}

describe('sd_notify', () => {
  it('makes a process ready by READY=1, in whatever message, and by nothing else', async () => {
    for (const message of [
      'READY=1',
      'STATUS=up and running, in many words that fill a line\nREADY=1\nMAINPID=1',
    ]) {
      const plan = await planReady('notify', { id: 'web.1#1', directory: root });
      let isReady = false;
      const ready = plan
        .watch({} as ProcessEntry, { logDirectory: root, signal: new AbortController().signal })
        .then(() => {
          isReady = true;
        });
      await send(plan.env, 'READY=0', 'STATUS=READY=1', 'WATCHDOG=1', 'READY=');
      assert.equal(isReady, false);
      await send(plan.env, message);
      await ready;
      plan.close();
      assert.equal(existsSync(plan.env['NOTIFY_SOCKET'] as string), false);
    }
  });

  it('lets go of whoever waits until it is received, before the process is ready and then', async () => {
    const socket = await openNotifySocket({ id: 'web.1#2', directory: root });
    const env = { ...process.env, NOTIFY_SOCKET: socket.path };
    (await execFile('python3', ['-c', barrier, 'STATUS=not yet'], { env })).orThrow();
    const notify = execFile('python3', ['-c', barrier, 'READY=1'], { env });
    await socket.ready;
    (await notify).orThrow();
    socket.close();
  });

  it('counts only for the process whose socket it is', async () => {
    const [one, other] = [
      await openNotifySocket({ id: 'a', directory: root }),
      await openNotifySocket({ id: 'b', directory: root }),
    ];
    let isReady = false;
    void other.ready.then(() => {
      isReady = true;
    });
    await send({ NOTIFY_SOCKET: one.path }, 'READY=1');
    await one.ready;
    assert.equal(isReady, false);
    one.close();
    other.close();
  });

  it('is heard from a process of another user, and from nobody else', async () => {
    assert.equal(process.geteuid?.(), 0, 'run this as root');
    const about = { id: 'web.1#4', directory: root, user: 65534 };
    const first = await openNotifySocket(about);
    // As after a brain that was killed: the next one has it where the process was told that it is.
    const socket = await openNotifySocket({ ...about, told: first.path });
    assert.equal(socket.path, first.path);
    const say = ['-u', 'STDIN', `UNIX-SENDTO:${socket.path}`];
    const as = (uid: number) => ({ uid, gid: uid, cwd: '/', input: 'READY=1\n' });
    const other = await execFile('socat', say, as(65533));
    assert.equal(other.ok, false);
    (await execFile('socat', say, as(65534))).orThrow();
    await socket.ready;
    socket.close();
    first.close();
    assert.equal(existsSync(dirname(socket.path)), false);
  });

  it('is heard after a brain that was killed has left its socket', async () => {
    const first = await openNotifySocket({ id: 'web.1#3', directory: root });
    const second = await openNotifySocket({ id: 'web.1#3', directory: root });
    await send({ NOTIFY_SOCKET: second.path }, 'READY=1');
    await second.ready;
    second.close();
    first.close();
  });
});
