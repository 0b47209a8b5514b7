/** A program that is the first process of its container ends as it should, and says what Node.js cannot do there. Needs root and unshare. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { after, it } from 'node:test';
import { within } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';

const started = new Set<ChildProcess>();
after(() => {
  for (const child of started) child.kill('SIGKILL');
});

interface Container {
  /** As this system sees its first process. */
  pid: number;
  line(): Promise<string | undefined>;
  order(line: string): void;
  ended(): Promise<{ how: number | string; stderr: string }>;
}

async function startFirst(program: string, ...args: string[]): Promise<Container> {
  const isolated = ['--pid', '--fork', '--mount-proc', '--kill-child'];
  const child = spawn('unshare', [...isolated, process.execPath, fixture(program), ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  started.add(child);
  const exited = once(child, 'exit').finally(() => started.delete(child));
  const stderr = text(child.stderr);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string | undefined> => (await within('a line', lines.next())).value;
  assert.equal(await line(), 'up');
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
  return {
    pid: Number(children),
    line,
    order: (text) => void child.stdin.write(`${text}\n`),
    async ended() {
      const [code, signal] = await within('it ends', exited);
      return { how: code ?? signal, stderr: await stderr };
    },
  };
}

it('puts away what it has begun on SIGTERM, exits with 0, and has said once what it cannot do', async () => {
  const first = await startFirst('puts-away.ts', 'puts away');
  process.kill(first.pid, 'SIGTERM');
  assert.equal(await first.line(), 'last, for signal');
  const { how, stderr } = await first.ended();
  assert.equal(how, 0, stderr);
  assert.equal(stderr.match(/KINDRED_PID_1/g)?.length, 1, stderr);
  assert.match(stderr, /KindredWarning: this process is PID 1/);
});

it('ends over a second signal, and at its deadline, with 128 + the number of the signal', async () => {
  const impatient = await startFirst('puts-away.ts', 'hangs');
  process.kill(impatient.pid, 'SIGTERM');
  assert.equal(await impatient.line(), 'hangs');
  process.kill(impatient.pid, 'SIGTERM');
  assert.equal((await impatient.ended()).how, 143);
  const late = await startFirst('puts-away.ts', 'hangs', '100');
  process.kill(late.pid, 'SIGTERM');
  assert.equal((await late.ended()).how, 143);
});

it('does not hear of SIGTERM where it has no handlers', async () => {
  const first = await startFirst('takes-back.ts');
  process.kill(first.pid, 'SIGTERM');
  first.order('are you there');
  assert.equal(await first.line(), 'yes');
  process.kill(first.pid, 'SIGKILL');
  // How, unshare does not hand on.
  await first.ended();
});
