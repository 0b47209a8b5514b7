// The live screen in a terminal, which `script` of bsdutils is: it is taken, and given back however top ends.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Server } from 'kindred';
import { serveStagedStack } from '../../../../test/programs/staged-stack.ts';

const program = fileURLToPath(new URL('../../bin/from-source.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'kindred-top-'));
const taken = '\u001b[?1049h';
const givenBack = '\u001b[?1049l';
let server: Server;

before(async () => {
  process.env['KINDRED_RUNTIME_DIR'] = join(folder, 'run');
  ({ server } = await serveStagedStack('shop'));
});
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Shown {
  child: ChildProcess;
  text(): string;
  sees(part: string): Promise<void>;
  ended: Promise<number | null>;
}

function openTop(): Shown {
  const { NODE_TEST_CONTEXT: _ours, ...env } = process.env;
  const line = `stty columns 80 rows 24; exec ${process.execPath} ${program} top --name shop`;
  const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
    env: { ...env, TERM: 'xterm-256color' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    child,
    text: () => text,
    ended,
    async sees(part) {
      while (!text.includes(part)) {
        const over = await Promise.race([
          ended.then(() => true),
          new Promise((resolve) => setTimeout(resolve, 20)),
        ]);
        assert.ok(over !== true || text.includes(part), `${part} has not come: ${text}`);
      }
    },
  };
}

/** The process of top, which is the child of `script`. */
function pidBelow(parent: number | undefined): number {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    try {
      if (
        readFileSync(`/proc/${pid}/stat`, 'utf8')
          .replace(/^.*\) /, '')
          .split(' ')[1] === String(parent)
      )
        return Number(pid);
    } catch {
      // It has ended meanwhile.
    }
  throw new Error(`process ${parent} has no child`);
}

function assertGivenBack(text: string): void {
  assert.ok(text.lastIndexOf(givenBack) > text.lastIndexOf(taken), 'the screen is as it was');
  assert.ok(text.lastIndexOf('\u001b[?25h') > text.lastIndexOf('\u001b[?25l'), 'the cursor is to be seen');
}

it('shows the stack, and gives the screen back when q is pressed', async () => {
  const top = openTop();
  await top.sees(taken);
  await top.sees('q quit');
  assert.match(top.text(), /mailer +1 +- +.*failed/);
  top.child.stdin?.write('q');
  assert.equal(await top.ended, 0);
  assertGivenBack(top.text());
});

it('gives the screen back by Ctrl-C, and by SIGTERM', async () => {
  const interrupted = openTop();
  await interrupted.sees('q quit');
  interrupted.child.stdin?.write('\u0003');
  assert.equal(await interrupted.ended, 0);
  assertGivenBack(interrupted.text());

  const terminated = openTop();
  await terminated.sees('q quit');
  process.kill(pidBelow(terminated.child.pid), 'SIGTERM');
  assert.equal(await terminated.ended, 0);
  assertGivenBack(terminated.text());
});

it('leaves the screen alone where there is nothing to show', async () => {
  const { NODE_TEST_CONTEXT: _ours, ...env } = process.env;
  const child = spawn(
    'script',
    ['--quiet', '--return', '--command', `${process.execPath} ${program} top --name nothing`, '/dev/null'],
    {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const parts = await child.stdout.setEncoding('utf8').toArray();
  assert.match(parts.join(''), /no stack nothing runs here/);
  assert.ok(!parts.join('').includes(taken));
});
