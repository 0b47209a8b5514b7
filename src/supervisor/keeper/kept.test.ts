import assert from 'node:assert/strict';
import {
  appendFileSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { isAlive } from '../../process/process-identity.ts';
import type { Keeper, KeeperEvent, StartSpec } from './keeper.ts';
import { createKeeper, type Kept } from './kept.ts';

const root = mkdtempSync(join(tmpdir(), 'kept-'));
process.env['KINDRED_RUNTIME_DIR'] = join(root, 'run');
after(() => rmSync(root, { recursive: true, force: true }));

const skip = process.platform === 'win32' && 'there is no mkfifo';
const deadlineMs = 20_000;

/** A keeper for one test; nothing of it may be left. */
async function keeping(
  play: (keeper: Keeper, kept: Kept, directory: string) => Promise<void>,
): Promise<void> {
  const directory = join(mkdtempSync(join(root, 't-')), 'stack');
  const kept = await createKeeper({ directory, logDirectory: join(root, 'logs') });
  const keeper = kept.seat();
  await keeper.take();
  try {
    await play(keeper, kept, directory);
  } finally {
    await kept.stop({ graceMs: 100 });
  }
  assert.equal(existsSync(directory), false, 'its directory is left');
}

function spec(
  id: string,
  command: string,
  args: readonly string[],
  more: Partial<StartSpec> = {},
): StartSpec {
  return {
    id,
    command,
    args,
    env: { PATH: process.env['PATH'] ?? '' },
    cwd: root,
    onParentDeath: 'die',
    log: id.split('#')[0] as string,
    logs: { maxBytes: 1000, files: 2, format: 'text' },
    listeners: [],
    lines: [],
    ...more,
  };
}

const shell = (id: string, script: string, more: Partial<StartSpec> = {}): StartSpec =>
  spec(id, 'sh', ['-c', script], more);

/** What is in a pipe, once there is something. */
async function readPipe(path: string): Promise<string> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = Buffer.alloc(65_536);
  for (const end = performance.now() + deadlineMs; ; ) {
    try {
      const bytes = readSync(fd, buffer);
      if (bytes > 0) return buffer.toString('utf8', 0, bytes);
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
    }
    assert.ok(performance.now() < end, `nothing came out of ${path}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function next(events: AsyncIterator<KeeperEvent>): Promise<KeeperEvent> {
  const { value } = await events.next();
  assert.ok(value !== undefined, 'the events are over');
  return value as KeeperEvent;
}

describe('the keeper', { skip }, () => {
  it('tells how a process has ended, in the table and as an event', () =>
    keeping(async (keeper) => {
      const events = keeper.events(0)[Symbol.asyncIterator]();
      await keeper.start(shell('a.1#1', 'exit 7'));
      const { sequence, at, ...event } = await next(events);
      assert.deepEqual(event, { kind: 'ended', id: 'a.1#1', exit: { exitCode: 7, signal: null } });
      assert.equal(sequence, 1);
      assert.ok(at > 0);
      const table = await keeper.take();
      assert.deepEqual(table.processes[0]?.ended?.exit, { exitCode: 7, signal: null });
      assert.equal(table.sequence, 1);
    }));

  it('keeps what a process writes in pipes that nobody reads, and tells where lines come out', () =>
    keeping(async (keeper, kept) => {
      const { lines } = await keeper.start(
        shell('a.1#1', `echo out; echo err >&2; echo five >&5; eval "echo word >&\${KINDRED_WORDS#fd:}"`, {
          lines: [{ to: 'words' }, { to: 5 }],
        }),
      );
      const [log] = kept.logs();
      assert.equal(await readPipe(log?.out as string), 'out\n');
      assert.equal(await readPipe(log?.err as string), 'err\n');
      assert.equal(await readPipe(lines['5'] as string), 'five\n');
      assert.equal(await readPipe(lines['words'] as string), 'word\n');
      assert.equal(statSync(log?.out as string).mode & 0o777, 0o600);
    }));

  it('hears that a process is ready, and tells whoever has it now, and whoever takes it over then', () =>
    keeping(async (keeper, kept) => {
      await keeper.take();
      const events = keeper.events(0)[Symbol.asyncIterator]();
      const script = 'read go <&4; echo STATUS=READY=1 >&3; printf READY= >&3; echo 1 >&3; exec sleep 600';
      const { lines, readyAt } = await keeper.start(
        shell('a.1#1', script, { lines: [{ to: 3 }, { to: 4 }], readyLine: 3 }),
      );
      assert.equal(readyAt, undefined);
      appendFileSync(lines['4'] as string, 'go\n');
      const { sequence: _, at, ...event } = await next(events);
      assert.deepEqual(event, { kind: 'ready', id: 'a.1#1' });
      assert.equal((await kept.seat().take()).processes[0]?.readyAt, at);
    }));

  it('keeps the log of a process for the next one of its name, and lets go of its own pipes when it is forgotten', () =>
    keeping(async (keeper, kept) => {
      await keeper.start(shell('a.1#1', 'echo one', { lines: [{ to: 'words' }] }));
      await next(keeper.events(0)[Symbol.asyncIterator]());
      await keeper.forget('a.1#1');
      const { lines } = await keeper.start(
        shell('a.1#2', 'echo two; exec sleep 600', { lines: [{ to: 'words' }] }),
      );
      const [log] = kept.logs();
      assert.match(await readPipe(log?.out as string), /^one\n/);
      await assert.rejects(keeper.closeLog('a.1'), /a\.1#2 writes to it/);
      await keeper.end('a.1#2', { graceMs: 0 });
      await keeper.forget('a.1#2');
      await keeper.closeLog('a.1');
      assert.deepEqual(kept.logs(), []);
      assert.equal(existsSync(lines['words'] as string), false);
      assert.equal(existsSync(log?.out as string), false);
    }));

  it('ends a process with all that it has started, by SIGKILL when its grace is over', () =>
    keeping(async (keeper) => {
      const { lines, identity } = await keeper.start(
        shell('a.1#1', 'trap "" TERM; sh -c \'trap "" TERM; echo $$ >&3; sleep 600\' & wait; wait', {
          lines: [{ to: 3 }],
        }),
      );
      const pid = Number(await readPipe(lines['3'] as string));
      assert.deepEqual(await keeper.end('a.1#1', { graceMs: 50 }), { exitCode: null, signal: 'SIGKILL' });
      assert.equal(isAlive(identity), false);
      assert.equal(isAlive({ pid }), false);
    }));

  it('leaves nothing of a process that has ended by itself', () =>
    keeping(async (keeper) => {
      const events = keeper.events(0)[Symbol.asyncIterator]();
      const { lines } = await keeper.start(
        shell('a.1#1', 'sleep 600 & echo $! >&3; exit 1', { lines: [{ to: 3 }] }),
      );
      const pid = Number(await readPipe(lines['3'] as string));
      await next(events);
      for (const end = performance.now() + deadlineMs; isAlive({ pid }); ) {
        assert.ok(performance.now() < end, 'its child lives on');
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    }));

  it('shortens a grace that runs when it is told a shorter one', () =>
    keeping(async (keeper) => {
      const { lines } = await keeper.start(
        shell('a.1#1', 'trap "" TERM; echo deaf >&3; while :; do sleep 0.05; done', { lines: [{ to: 3 }] }),
      );
      await readPipe(lines['3'] as string);
      const first = keeper.end('a.1#1', { graceMs: 600_000 });
      const exit = { exitCode: null, signal: 'SIGKILL' };
      assert.deepEqual(await keeper.end('a.1#1', { graceMs: 0 }), exit);
      assert.deepEqual(await first, exit);
    }));

  it('says why a program cannot be started, also where it would inherit listeners', () =>
    keeping(async (keeper) => {
      await keeper.openListener({ name: 'web', address: 'tcp://127.0.0.1:0' });
      for (const listeners of [[], ['web']])
        await assert.rejects(keeper.start(spec('a.1#1', 'no-such-program', [], { listeners })), {
          code: 'ERR_COMMAND_NOT_FOUND',
        });
      await assert.rejects(keeper.start(shell('a.1#1', ':', { cwd: join(root, 'none') })), {
        code: 'ERR_BAD_CWD',
      });
      assert.deepEqual((await keeper.take()).processes, []);
    }));

  it('refuses an id that is taken, a listener that is not open, a descriptor that is taken', () =>
    keeping(async (keeper) => {
      await keeper.start(shell('a.1#1', 'exec sleep 600'));
      await assert.rejects(keeper.start(shell('a.1#1', ':')), { code: 'ERR_BAD_ARGUMENT' });
      await assert.rejects(keeper.start(shell('a.1#2', ':', { listeners: ['web'] })), /no open listener web/);
      await keeper.openListener({ name: 'web', address: 'tcp://127.0.0.1:0' });
      await assert.rejects(
        keeper.start(shell('a.1#2', ':', { listeners: ['web'], lines: [{ to: 3 }] })),
        /descriptor 3 is taken by the listener web: take 4 or more/,
      );
      await assert.rejects(keeper.forget('a.1#1'), /it runs, end it first/);
    }));

  it('refuses whoever had it before the last one took it, ends his events, and keeps what he noted', () =>
    keeping(async (old, kept) => {
      const events = old.events(0)[Symbol.asyncIterator]();
      const waiting = events.next();
      await old.note({ plan: { to: ['a', 1] } });
      await old.note({ gone: 1 });
      await old.note({ gone: undefined });
      const young = kept.seat();
      await assert.rejects(young.start(shell('a.1#1', ':')), {
        code: 'ERR_CLOSED',
        message: /call take\(\)/,
      });
      const table = await young.take();
      assert.deepEqual(await waiting, { done: true, value: undefined });
      await assert.rejects(old.start(shell('a.1#1', ':')), { code: 'ERR_CLOSED', message: /another brain/ });
      assert.deepEqual([table.epoch, table.notes], [2, { plan: { to: ['a', 1] } }]);
    }));

  it('takes no note that is too large, or no JSON', () =>
    keeping(async (keeper) => {
      await assert.rejects(keeper.note({ small: 1, big: 'x'.repeat(1024 * 1024) }), { code: 'ERR_LIMIT' });
      await assert.rejects(keeper.note({ odd: 1n }), { code: 'ERR_BAD_ARGUMENT' });
      for (let n = 0; n < 16; n++) await keeper.note({ [`n${n}`]: 'x'.repeat(1024 * 1024 - 100) });
      await assert.rejects(keeper.note({ more: 'x'.repeat(10_000) }), { code: 'ERR_LIMIT' });
      // Of what was refused nothing is there; what takes the place of another may be as large.
      await keeper.note({ n0: undefined, more: 'x'.repeat(1024 * 1024 - 100) });
      const { notes } = await keeper.take();
      assert.deepEqual(
        Object.keys(notes).sort(),
        ['more', ...Array.from({ length: 15 }, (_, n) => `n${n + 1}`)].sort(),
      );
    }));

  it('is one alone for a directory', () =>
    keeping(async (_keeper, _kept, directory) => {
      await assert.rejects(createKeeper({ directory, logDirectory: root }), {
        code: 'ERR_ALREADY_RUNNING',
        data: { pid: process.pid },
      });
    }));

  it('sends a signal to a process, and to all that descends from it', () =>
    keeping(async (keeper) => {
      const script = `trap 'echo parent >&3' USR1; (trap 'echo child >&4' USR1; echo here >&4; while :; do sleep 0.01; done) & while :; do sleep 0.01; done`;
      const { lines } = await keeper.start(shell('a.1#1', script, { lines: [{ to: 3 }, { to: 4 }] }));
      assert.equal(await readPipe(lines['4'] as string), 'here\n');
      assert.equal(await keeper.signal('a.1#1', 'SIGUSR1', 'process'), 'sent');
      assert.equal(await readPipe(lines['3'] as string), 'parent\n');
      assert.equal(await keeper.signal('a.1#1', 'SIGUSR1', 'tree'), 'sent');
      assert.equal(await readPipe(lines['4'] as string), 'child\n');
      await keeper.end('a.1#1', { graceMs: 0 });
      assert.equal(await keeper.signal('a.1#1', 'SIGUSR1'), 'gone');
    }));
});

describe('a listener of the keeper', { skip }, () => {
  const answers = (text: string): string =>
    `const { createServer } = require('node:net'); createServer((s) => s.end(${JSON.stringify(text)})).listen({ fd: 3 })`;
  const visit = (where: { port: number } | { path: string }): Promise<string> =>
    new Promise((resolve, reject) => {
      let said = '';
      connect(where as { port: number })
        .on('data', (chunk) => {
          said += String(chunk);
        })
        .on('end', () => resolve(said))
        .on('error', reject);
    });
  const whereOf = (bound: string): { port: number } | { path: string } =>
    bound.startsWith('tcp:')
      ? { port: Number(new URL(bound).port) }
      : {
          path: bound.startsWith('unix:')
            ? bound.slice(5)
            : join(root, 'run', `${bound.slice('local:'.length)}.sock`),
        };

  for (const [kind, address] of [
    ['TCP', 'tcp://127.0.0.1:0'],
    ['a path', `unix:${join(root, 'web.sock')}`],
    ['a name', 'local:kept-web'],
  ] as const)
    it(`keeps connections to ${kind} for the next process that serves it`, () =>
      keeping(async (keeper) => {
        const { bound } = await keeper.openListener({ name: 'web', address });
        const where = whereOf(bound);
        const early = visit(where);
        await keeper.start(spec('a.1#1', process.execPath, ['-e', answers('one')], { listeners: ['web'] }));
        assert.equal(await early, 'one');
        await keeper.end('a.1#1', { graceMs: 0 });
        const between = visit(where);
        await keeper.start(spec('a.1#2', process.execPath, ['-e', answers('two')], { listeners: ['web'] }));
        assert.equal(await between, 'two');
        await keeper.end('a.1#2', { graceMs: 0 });
        await keeper.closeListener('web');
        await assert.rejects(visit(where), { code: 'path' in where ? 'ENOENT' : 'ECONNREFUSED' });
        if (kind === 'a name')
          assert.deepEqual(
            readdirSync(join(root, 'run')).filter((name) => name.startsWith('kept-web')),
            [],
          );
      }));

  it('cannot be routed where it is not open', () =>
    keeping(async (keeper) => {
      const route = { listener: 'web', router: { module: import.meta.url }, targets: [] };
      await assert.rejects(keeper.route(route), { code: 'ERR_BAD_ARGUMENT', message: /no open listener/ });
      await keeper.unroute('web');
      assert.deepEqual((await keeper.take()).routes, []);
    }));

  it('is given again where it is open, and refused at another address', () =>
    keeping(async (keeper) => {
      const first = await keeper.openListener({ name: 'web', address: 'tcp://127.0.0.1:0' });
      assert.deepEqual(await keeper.openListener({ name: 'web', address: 'tcp://127.0.0.1:0' }), first);
      await assert.rejects(keeper.openListener({ name: 'web', address: 'tcp://[::1]:0' }), {
        code: 'ERR_BAD_ARGUMENT',
      });
      await assert.rejects(keeper.openListener({ name: 'other', address: first.bound }), {
        code: 'ERR_ADDRESS_IN_USE',
      });
      await assert.rejects(keeper.openListener({ name: 'odd', address: 'stdio:' }), {
        code: 'ERR_BAD_ADDRESS',
      });
    }));

  it('is told to a program of any language', () =>
    keeping(async (keeper) => {
      await keeper.openListener({ name: 'web', address: 'tcp://127.0.0.1:0' });
      const { lines } = await keeper.start(
        shell('a.1#1', 'echo "$LISTEN_FDS $LISTEN_FDNAMES $((LISTEN_PID - $$))" >&4', {
          listeners: ['web'],
          lines: [{ to: 4 }],
        }),
      );
      assert.equal(await readPipe(lines['4'] as string), '1 web 0\n');
    }));

  it('is bound once for each process where that is asked for', { skip: process.platform !== 'linux' }, () =>
    keeping(async (keeper) => {
      const { bound } = await keeper.openListener({
        name: 'web',
        address: 'tcp://127.0.0.1:0',
        reusePort: true,
      });
      const where = whereOf(bound);
      await assert.rejects(visit(where), { code: 'ECONNREFUSED' });
      for (const n of [1, 2]) {
        const serves = spec(`a.${n}#1`, process.execPath, ['-e', answers(`by ${n}`)], { listeners: ['web'] });
        await keeper.start(serves);
      }
      const said = new Set<string>();
      for (const end = performance.now() + deadlineMs; said.size < 2; ) {
        assert.ok(performance.now() < end, `only ${[...said].join()} was reached`);
        said.add(await visit(where));
      }
      assert.deepEqual([...said].sort(), ['by 1', 'by 2']);
    }),
  );
});

it('the keeper writes down no more than it must, in a file for its user alone', { skip }, () =>
  keeping(async (keeper, _kept, directory) => {
    await keeper.start(
      shell('a.1#1', 'exec sleep 600', { env: { PATH: process.env['PATH'] ?? '', SECRET: 'x' } }),
    );
    assert.equal(readFileSync(join(directory, 'keeper.json'), 'utf8').includes('SECRET'), false);
    assert.equal(statSync(join(directory, 'keeper.json')).mode & 0o777, 0o600);
  }),
);
