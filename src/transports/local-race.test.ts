// Real processes that meet at one name: they race, they are killed, they come late.
import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Program, startProgram } from '../../test/suites/program.ts';
import { identityOfProcess } from '../process/process-identity.ts';
import { temporaryName } from './temporary-name.ts';

const program = new URL('../../test/programs/local-server.ts', import.meta.url);
const timeout = 100_000;
let directory = '';
let env: NodeJS.ProcessEnv = {};
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'kindred-race-'));
  process.env.KINDRED_RUNTIME_DIR = directory;
  env = process.env;
});
after(() => rmSync(directory, { recursive: true }));

interface Answer {
  held?: number;
  closed?: boolean;
  reached?: number;
  code?: string;
  message?: string;
  pid?: number;
}

interface Contender extends Program {
  ask(command: string): Promise<Answer>;
}

function startContender(environment: NodeJS.ProcessEnv = env): Contender {
  const started = startProgram(program, [], { env: environment });
  return Object.assign(started, {
    async ask(command: string): Promise<Answer> {
      started.child.stdin?.write(`${command}\n`);
      return JSON.parse(await started.line());
    },
  });
}

/** Ends them in good order: their input ends. */
async function dismiss(contenders: readonly Program[]): Promise<void> {
  for (const { child } of contenders) child.stdin?.end();
  assert.deepEqual(
    await Promise.all(contenders.map(({ exited }) => exited)),
    contenders.map(() => 0),
  );
}

const files = () => readdirSync(directory).filter((file) => file !== '.secret');

/** What one hears who connects to the socket. */
function hear(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path).setEncoding('utf8').once('error', reject);
    socket.once('data', (text) => {
      socket.destroy();
      resolve(String(text));
    });
  });
}

test('of 20 processes that race for a name exactly one wins, the others name its pid; also where a killed one left its socket', {
  timeout,
}, async () => {
  const contenders = Array.from({ length: 20 }, () => startContender());
  for (let round = 0; round < 15; round++) {
    const answers = await Promise.all(contenders.map((contender) => contender.ask('claim race')));
    const winner = contenders.findIndex((_, index) => answers[index]?.held !== undefined);
    const pid = contenders[winner]?.pid;
    assert.equal(
      answers.filter(({ held }) => held !== undefined).length,
      1,
      `round ${round}: ${JSON.stringify(answers)}`,
    );
    for (const [index, answer] of answers.entries()) {
      if (index === winner) continue;
      assert.equal(answer.code, 'ERR_ADDRESS_IN_USE', answer.message);
      assert.equal(answer.pid, pid);
      assert.match(answer.message ?? '', new RegExp(`process ${pid} serves it`));
    }
    assert.deepEqual(files(), ['race.json', 'race.sock']);
    assert.equal(await hear(join(directory, 'race.sock')), `${pid}\n`);
    if (round % 3 === 0) {
      await contenders[winner]?.kill();
      assert.deepEqual(files(), ['race.json', 'race.sock'], 'a killed server leaves its socket');
      contenders[winner] = startContender();
    } else {
      assert.deepEqual(await contenders[winner]?.ask('close'), { closed: true });
      assert.deepEqual(files(), []);
    }
  }
  await dismiss(contenders);
});

test('a server that closes late leaves its successor alone, and a successor starts while it closes', {
  timeout,
}, async () => {
  const [old, successor] = [startContender(), startContender()];
  await old.ask('claim late');
  // As if somebody had removed the socket by hand: for a moment both believe that they serve the name.
  unlinkSync(join(directory, 'late.sock'));
  assert.deepEqual(await successor.ask('claim late'), { held: successor.pid });
  assert.deepEqual(await old.ask('close'), { closed: true });
  assert.equal(await hear(join(directory, 'late.sock')), `${successor.pid}\n`);
  assert.equal((await old.ask('dial late')).reached, successor.pid);

  // In good order: whoever claims while the other closes is refused, or gets it.
  for (let round = 0; round < 30; round++) {
    const [holder, next] = round % 2 === 0 ? [successor, old] : [old, successor];
    const [, answer] = await Promise.all([holder.ask('close'), next.ask('claim late')]);
    if (answer.held === undefined) assert.deepEqual(await next.ask('claim late'), { held: next.pid });
    assert.equal(await hear(join(directory, 'late.sock')), `${next.pid}\n`);
  }
  await dismiss([old, successor]);
  assert.deepEqual(files(), []);
});

test('a login shell and `env -i` find each other', { timeout }, async () => {
  const name = `kindred-test-${process.pid}`;
  const { KINDRED_RUNTIME_DIR: _, ...login } = env;
  const [bare, usual] = [
    startContender({}),
    startContender({ ...login, XDG_RUNTIME_DIR: '/run/user/1', TMPDIR: '/var/tmp', HOME: '/nowhere' }),
  ];
  assert.deepEqual(await bare.ask(`claim ${name}`), { held: bare.pid });
  assert.deepEqual(await usual.ask(`dial ${name}`), { reached: bare.pid });
  assert.equal((await usual.ask(`claim ${name}`)).pid, bare.pid);
  await dismiss([bare, usual]);
  assert.equal((await startAndAsk(`dial ${name}`, login)).code, 'ERR_NOT_REACHABLE');
});

async function startAndAsk(command: string, environment: NodeJS.ProcessEnv): Promise<Answer> {
  const contender = startContender(environment);
  const answer = await contender.ask(command);
  await dismiss([contender]);
  return answer;
}

test('a server notices by itself that its socket was removed, and restores it', { timeout }, async () => {
  const server = startContender();
  await server.ask('claim removed');
  const socket = join(directory, 'removed.sock');
  unlinkSync(socket);
  const deadline = Date.now() + 20_000;
  while (!existsSync(socket) && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(await hear(socket), `${server.pid}\n`);
  await dismiss([server]);
  assert.deepEqual(files(), []);
});

test('what killed processes left is swept at the next claim; what belongs to the living stays', {
  timeout,
}, async () => {
  const dead = startContender();
  await dead.ask('claim left-behind');
  const identity = identityOfProcess(dead.pid);
  await dead.kill();
  const [ofDead, ofLiving] = [temporaryName(identity), temporaryName()];
  const reused = temporaryName({ pid: process.pid, started: 1 });
  for (const name of [ofDead, ofLiving, reused]) writeFileSync(join(directory, name), '');
  const server = startContender();
  await server.ask('claim sweeper');
  assert.deepEqual(files().sort(), [ofLiving, 'sweeper.json', 'sweeper.sock'].sort());
  assert.ok(lstatSync(join(directory, 'sweeper.sock')).isSocket());
  await dismiss([server]);
  unlinkSync(join(directory, ofLiving));
  assert.deepEqual(files(), []);
});
