// The verbs against a stack that tells a story: what they print, and what they ask for.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Server } from 'kindred';
import stringWidth from 'string-width';
import { fakeScreen, type Said, say } from '../../../../test/programs/fake-terminal.ts';
import { type StagedStack, serveStagedStack, stagedStatus } from '../../../../test/programs/staged-stack.ts';
import { psLines } from './ps.ts';

const folder = mkdtempSync(join(tmpdir(), 'kindred-verbs-'));
let stack: StagedStack & { server: Server };

before(async () => {
  process.env['KINDRED_RUNTIME_DIR'] = join(folder, 'run');
  stack = await serveStagedStack('shop');
});
after(async () => {
  await stack.server.close();
  rmSync(folder, { recursive: true, force: true });
});

const ask = (...words: string[]): Promise<Said> => say({}, ...words, '--name', 'shop');
const lines = (text: string): string[] => text.trimEnd().split('\n');
const now = Date.parse('2026-03-04T12:00:00Z');

describe('ps', () => {
  const shown = (columns: number): string[] => psLines(stagedStatus(now), fakeScreen({ columns }), now);

  it('shows every column of every instance at 80 columns', () => {
    const [title, ...rows] = shown(80);
    assert.match(title ?? '', /^SERVICE +# +PID +STATE +UP +RESTARTS +CPU +MEMORY +CALLS\/S$/);
    assert.equal(rows.length, 12);
    assert.match(rows[1] ?? '', /^web +1 +4720 +ready +2h06m +0 +42% +120 MB +431$/);
    assert.match(rows[2] ?? '', /^web +2 +4721 +ready +2h06m +0 +102% +131 MB +12.6k$/);
    assert.match(rows[7] ?? '', /^worker +1 +- +backoff 3s +- +4 +- +- +-$/);
  });

  it('never shows a line that is wider than the terminal', () => {
    for (let columns = 34; columns <= 130; columns++)
      for (const line of shown(columns)) assert.ok(stringWidth(line) <= columns, `${columns}: ${line}`);
  });

  it('leaves columns out where there is no room, those that matter least first', () => {
    assert.match(shown(62)[0] ?? '', /UP +RESTARTS +MEMORY$/);
    assert.match(shown(40)[0] ?? '', /^SERVICE +# +PID +STATE +UP$/);
  });

  it('cuts long names of services rather than wrapping a line', () => {
    const status = stagedStatus(now);
    const [first] = status.instances;
    assert.ok(first !== undefined);
    first.service = 'a-service-with-a-name-that-nobody-would-like-to-type';
    const [, row] = psLines(status, fakeScreen({ columns: 80 }), now);
    assert.match(row ?? '', /^a-serv[a-z-]+… +1 +4711 /);
  });

  it('prints the table on stdout, and what else one should know on stderr', async () => {
    const { code, stdout, stderr } = await ask('ps');
    assert.equal(code, 0);
    assert.equal(lines(stdout).length, 13);
    assert.deepEqual(lines(stderr), [
      'web: a reload is going on',
      'mailer has failed: kindred why mailer',
      'the brain of shop was restarted once',
    ]);
  });

  it('gives all that is known with --json', async () => {
    const { stdout } = await ask('ps', '--json');
    const { name, instances } = JSON.parse(stdout);
    assert.deepEqual([name, instances.length], ['shop', 12]);
  });
});

describe('logs', () => {
  it('names the log and the stream of each line, and leaves out what a terminal would obey', async () => {
    const { code, stdout } = await ask('logs');
    assert.equal(code, 0);
    const [first, ...more] = lines(stdout);
    assert.match(first ?? '', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} web\.1 \| listening at 8080$/);
    assert.deepEqual(
      more.map((line) => line.replace(/^(\S+ )?\d\d:\d\d:\d\d\.\d{3} /, '')),
      ['web.2 ! slow query, 812 ms', 'images.1 | green and a bell \\x07', 'web.1    ~ 12 lines dropped'],
    );
  });

  it('asks for the last 100 lines, or for all since a time or with a pattern', async () => {
    const asked = async (...words: string[]): Promise<unknown> => {
      await ask('logs', ...words);
      return stack.asked.at(-1)?.[1];
    };
    assert.deepEqual(await asked(), { follow: false, tail: 100 });
    assert.deepEqual(await asked('--tail', '2'), { follow: false, tail: 2 });
    assert.deepEqual(await asked('web', 'api', '--grep', 'slow'), {
      follow: false,
      services: ['web', 'api'],
      grep: 'slow',
    });
    assert.deepEqual(await asked('--since', '2026-01-31T12:00:00Z'), {
      follow: false,
      since: Date.parse('2026-01-31T12:00:00Z'),
    });
  });

  it('prints records as JSON', async () => {
    const { stdout } = await ask('logs', 'web', '--json', '--tail', '1');
    const { log, stream, text } = JSON.parse(stdout);
    assert.deepEqual([log, stream, text], ['web.1', 'note', '12 lines dropped']);
  });

  it('refuses a time or a pattern that is none', async () => {
    const wrong: [string[], RegExp][] = [
      [['--since', 'yesterday'], /Write how long ago/],
      [['--grep', '('], /no regular expression/],
      [['--tail', '0'], /Write a whole number from 1/],
    ];
    for (const [words, message] of wrong) {
      const { code, stderr } = await ask('logs', ...words);
      assert.equal(code, 2);
      assert.match(stderr, message);
    }
  });

  for (const verb of ['logs', 'events'])
    it(`${verb} --follow goes on until it is told to stop, which is its end and no failure`, async () => {
      const stop = new AbortController();
      let count = 0;
      const print = async (): Promise<void> => {
        if (++count === 6) stop.abort();
      };
      const { code, stderr } = await say({ print, stop: stop.signal }, verb, '--follow', '--name', 'shop');
      assert.deepEqual([code, stderr], [0, '']);
    });
});

describe('events and why', () => {
  it('shows when, where and what', async () => {
    const { stdout } = await ask('events');
    assert.deepEqual(
      lines(stdout).map((line) => line.replace(/^(\S+ )?\d\d:\d\d:\d\d\.\d{3} /, '')),
      [
        '-        config    the config was read',
        'worker.1 exit      ended with exit code 1',
        'worker.1 backoff   is started again in 4 s',
        'mailer.1 failed    failed 6 times in 30 s',
      ],
    );
  });

  it('shows only the events of the services that are named, since then', async () => {
    assert.match((await ask('events', 'mailer')).stdout, /^\S*( \S*)? ?mailer\.1 failed .*\n$/);
    assert.equal(lines((await ask('events', '--since', '1h')).stdout).length, 3);
  });

  it('refuses a service that there is not, and never was', async () => {
    const { code, stderr } = await ask('events', 'mailr');
    assert.equal(code, 1);
    assert.match(stderr, /there is no service "mailr": there are .*mailer/);
  });

  it('explains in sentences, broken between words where the terminal ends', async () => {
    const { stdout } = await say({ out: fakeScreen({ columns: 60 }) }, 'why', 'worker', '--name', 'shop');
    for (const line of lines(stdout)) assert.ok(line.length <= 60, line);
    assert.match(
      stdout.replaceAll(/\n\s+/g, ' '),
      /for the third time in 30 s; the end of its stderr says: Error/,
    );
  });

  it('says so where nothing has happened, and what services there are where there is none of that name', async () => {
    assert.equal((await ask('why', 'db')).stderr, 'nothing has happened to db yet\n');
    const { code, stderr } = await ask('why', 'dbb');
    assert.equal(code, 1);
    assert.match(stderr, /there is no service dbb: there are db, web/);
  });
});

describe('verbs that change something', () => {
  it('tell each step, and end with 0', async () => {
    const { code, stdout, stderr } = await ask('restart', 'worker', 'web');
    assert.deepEqual([code, stdout], [0, '']);
    assert.deepEqual(lines(stderr).slice(0, 2), ['worker.1: restart', 'worker.1: ready']);
    assert.equal(lines(stderr).at(-1), 'restart: worker, web');
    assert.deepEqual(stack.asked.at(-1), ['restart', ['worker', 'web']]);
  });

  it('print each step as JSON with --json', async () => {
    const { stdout, stderr } = await ask('scale', 'worker', '0', '--json');
    assert.equal(stderr, '');
    assert.deepEqual(
      lines(stdout).map((line) => JSON.parse(line).kind),
      ['step', 'step', 'step', 'step', 'done'],
    );
    assert.deepEqual(stack.asked.at(-1), ['scale', 'worker', 0]);
  });

  it('end with 1 where the stack gave it up, and say why', async () => {
    const { code, stderr } = await ask('reload', 'mailer');
    assert.equal(code, 1);
    assert.match(
      stderr,
      /\nkindred: mailer: the new instance was not ready in 30 s; the old ones go on serving\n$/,
    );
  });

  it('hand the canary on, for one service', async () => {
    await ask('reload', 'web', '--canary', '1');
    assert.deepEqual(stack.asked.at(-1), ['reload', ['web'], { canary: 1 }]);
    const { code, stderr } = await ask('reload', 'web', 'api', '--canary', '1');
    assert.equal(code, 2);
    assert.match(stderr, /one service at a time/);
  });

  it('plan shows every kind of change, and changes nothing', async () => {
    const asked = stack.asked.length;
    const { stdout } = await ask('plan');
    assert.deepEqual(lines(stdout), [
      '+ service  search  because it is new in the config',
      '- service  legacy',
      '~ service  web     replaced, because its command has changed, its stop has changed',
      '~ scale    worker  1 -> 4 instances',
      '~ env      api     + TOKEN, - DEBUG, ~ LEVEL',
      '+ listener admin   tcp://127.0.0.1:9090',
      '~ listener web     tcp://127.0.0.1:8080 -> tcp://127.0.0.1:80',
    ]);
    assert.equal(stack.asked.length, asked);
  });
});

describe('which stack', () => {
  it('is 3 and says how to start it where it does not run', async () => {
    const { code, stderr } = await say({}, 'ps', '--name', 'nothing');
    assert.equal(code, 3);
    assert.match(stderr, /no stack nothing runs here: kindred up starts it/);
  });

  it('is a wrong command line where nothing says which', async () => {
    const { code, stderr } = await say({}, 'ps', '--config', join(folder, 'none.ts'));
    assert.equal(code, 2);
    assert.match(stderr, /there is no file/);
  });

  it('is the one that the config names, or the folder of the config', async () => {
    const file = join(folder, 'kindred.config.mjs');
    writeFileSync(file, `export default { name: 'shop', services: { web: { run: ['true'] } } };`);
    assert.equal((await say({}, 'ps', '--config', file)).code, 0);
  });
});

describe('down', () => {
  it('ends when nobody answers any more', async () => {
    const mine = await serveStagedStack('mine');
    const { code, stderr } = await say({}, 'down', '--name', 'mine');
    assert.equal(code, 0);
    assert.match(stderr, /web\.1: stopped\n/);
    assert.deepEqual(mine.asked, [['down']]);
    assert.equal((await say({}, 'down', '--name', 'mine')).code, 3);
  });
});

describe('upgrade', () => {
  it('tells which brain has taken over, and that the keeper stays', async () => {
    assert.equal(
      (await ask('upgrade')).stderr,
      'brain 5001 has taken over; the keeper stays until kindred down\n',
    );
    assert.equal((await ask('upgrade', '--json')).stdout, '{"brain":5301,"keeper":"kept"}\n');
  });
});

describe('export systemd', () => {
  it('prints the units of the stack in the config', async () => {
    const file = join(folder, 'kindred.config.mjs');
    writeFileSync(
      file,
      `export default {
        name: 'shop',
        listeners: { web: 'tcp://127.0.0.1:8080' },
        services: { web: { run: ['true'], listen: ['web'] } },
      };`,
    );
    const { code, stdout, stderr } = await say({}, 'export', 'systemd', '--config', file, '--of', 'system');
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^# kindred-shop\.service\n\[Unit\]\n/);
    assert.match(stdout, /^# kindred-shop-web\.socket\n/m);
    assert.ok(stdout.includes(` up --config ${file} --name shop\n`));
  });

  it('refuses a user for units of a user', async () => {
    const { code, stderr } = await ask('export', 'systemd', '--of', 'user', '--user', 'shop');
    assert.equal(code, 2);
    assert.match(stderr, /--user is for units of the system/);
  });
});

describe('a schedule', () => {
  it('can be a string in a config, because the command brings croner', async () => {
    const file = join(folder, 'cron.json');
    const service = { run: ['true'], schedule: { cron: '0 3 * * *', timeZone: 'Europe/Berlin' } };
    writeFileSync(file, JSON.stringify({ name: 'nightly', services: { report: service } }));
    const good = await say({}, 'export', 'systemd', '--config', file);
    assert.equal(good.code, 0, good.stderr);
    writeFileSync(file, JSON.stringify({ services: { report: { run: ['true'], schedule: '0 25 * * *' } } }));
    const wrong = await say({}, 'export', 'systemd', '--config', file);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /services\.report\.schedule/);
  });
});
