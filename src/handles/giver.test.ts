import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createFakeIpc, type FakeEnd, turn } from '../../test/programs/fake-ipc.ts';
import { type SocketPair, socketPair } from '../../test/programs/socket-pair.ts';
import { createTestClock, type TestClock } from '../testkit/clock.ts';
import type { TakerSays } from './envelope.ts';
import type { Handle } from './givable.ts';
import { handOver } from './giver.ts';
import type { HandOver, HandOverOptions } from './hand-over.ts';
import { type HandleNote, type TakeOptions, type Taking, takeHandles } from './take-handles.ts';

interface Setting {
  clock: TestClock;
  near: FakeEnd;
  far: FakeEnd;
  giver: HandOver;
  taking: Taking;
  taken: { handle: Handle; about: HandleNote }[];
  gone: HandleNote[];
  /** Time passes, and both ends do what there is to do. */
  pass(ms: number): Promise<void>;
  /** A connection that ends with the test. */
  pair(): Promise<SocketPair>;
}

async function setUp(t: TestContext, options: HandOverOptions & TakeOptions = {}): Promise<Setting> {
  const clock = createTestClock();
  const { near, far } = createFakeIpc();
  const taken: Setting['taken'] = [];
  const gone: HandleNote[] = [];
  const giver = handOver(near, { clock, ...options });
  const taking = takeHandles(far, (handle, about) => taken.push({ handle, about }), {
    clock,
    onGone: (about) => gone.push(about),
    ...options,
  });
  await turn();
  return {
    clock,
    near,
    far,
    giver,
    taking,
    taken,
    gone,
    async pass(ms) {
      for (let step = 0; step < ms; step += 25) {
        await clock.advance(25);
        await turn();
      }
    },
    async pair() {
      const pair = await socketPair();
      t.after(pair.close);
      return pair;
    },
  };
}

const said = (end: FakeEnd): string[] =>
  end.sent.map((message) => (Object.values(message)[0] as TakerSays).say);

describe('a hand-over', () => {
  it('keeps our copy of a socket open until the other end has it, then closes it', async (t) => {
    const { giver, near, far, taken, pair } = await setUp(t);
    const [ours, copy] = [await pair(), await pair()];
    near.pass = () => copy.accepted;
    far.isFrozen = true;
    const given = giver.give(ours.accepted, { note: { n: 1 } });
    await turn();
    assert.equal(ours.accepted.destroyed, false);
    assert.equal(giver.underWay, 1);
    far.isFrozen = false;
    assert.deepEqual(await given, { kind: 'accepted' });
    assert.equal(ours.accepted.destroyed, true);
    assert.deepEqual(taken, [{ handle: copy.accepted, about: { kind: 'socket', note: { n: 1 } } }]);
    assert.deepEqual([giver.underWay, giver.open], [0, 1]);
  });

  it('keeps our copy of a server, which both ends use', async (t) => {
    const { giver, taken } = await setUp(t);
    const server = createServer().listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    assert.deepEqual(await giver.give(server), { kind: 'accepted' });
    assert.equal(server.listening, true);
    assert.equal(taken[0]?.about.kind, 'server');
    assert.equal(giver.open, 0);
  });

  it('counts a socket as open there until it is closed there', async (t) => {
    const { giver, near, taking, pair } = await setUp(t);
    const [ours, copy] = [await pair(), await pair()];
    near.pass = () => copy.accepted;
    let changes = 0;
    await giver.give(ours.accepted);
    giver.onChange(() => changes++);
    assert.deepEqual([giver.open, taking.open], [1, 1]);
    copy.accepted.destroy();
    await once(copy.accepted, 'close');
    await turn();
    assert.deepEqual([giver.open, taking.open, changes], [0, 0, 1]);
  });

  it('tells both ends of a socket that is missing when it should arrive', async (t) => {
    const { giver, near, taken, gone, pair } = await setUp(t);
    near.pass = () => undefined;
    assert.deepEqual(await giver.give((await pair()).accepted, { note: 'x' }), { kind: 'gone' });
    assert.deepEqual(gone, [{ kind: 'socket', note: 'x' }]);
    assert.deepEqual(taken, []);
  });

  it('sends nothing of a socket that was destroyed before', async (t) => {
    const { giver, near, pair } = await setUp(t);
    const { accepted } = await pair();
    accepted.destroy();
    assert.deepEqual(await giver.give(accepted), { kind: 'gone' });
    assert.deepEqual(said(near), ['hello']);
  });

  it('finds a socket that is destroyed while it waits', async (t) => {
    const { giver, near, far, pair } = await setUp(t);
    const first = await pair();
    const second = await pair();
    far.isFrozen = true;
    const outcomes = [giver.give(first.accepted), giver.give(second.accepted)];
    second.accepted.destroy();
    far.isFrozen = false;
    near.pass = (handle) => handle;
    assert.deepEqual(
      (await Promise.all(outcomes)).map(({ kind }) => kind),
      ['accepted', 'gone'],
    );
  });

  it('has one handle on its way at a time', async (t) => {
    const { giver, near, far, pair } = await setUp(t);
    far.isFrozen = true;
    const given = [giver.give((await pair()).accepted), giver.give((await pair()).accepted)];
    await turn();
    assert.deepEqual(said(near), ['hello', 'give']);
    assert.equal(giver.underWay, 2);
    far.isFrozen = false;
    await Promise.all(given);
    assert.deepEqual(said(near), ['hello', 'give', 'give']);
  });

  it('waits for an end that does not take handles yet', async (t) => {
    const clock = createTestClock();
    const { near, far } = createFakeIpc();
    const giver = handOver(near, { clock });
    assert.equal(giver.state(), 'starting');
    const { accepted, close } = await socketPair();
    t.after(close);
    const given = giver.give(accepted);
    await turn();
    assert.deepEqual(said(near), ['hello']);
    takeHandles(far, () => {}, { clock });
    assert.deepEqual(await given, { kind: 'accepted' });
  });

  it('finds an end that was ready before', async () => {
    const clock = createTestClock();
    const { near, far } = createFakeIpc();
    takeHandles(far, () => {}, { clock });
    await turn();
    const giver = handOver(near, { clock });
    await turn();
    assert.equal(giver.state(), 'available');
  });

  it('is the same for everybody who asks for that of one channel', async (t) => {
    const { near, giver } = await setUp(t);
    assert.equal(handOver(near), giver);
    assert.equal(handOver({ process: near }), giver);
  });
});

describe('what was read of a socket before it was given', () => {
  for (const [how, options] of [
    ['paused from the start', { pauseOnConnect: true }],
    ['read from the start', {}],
  ] as const)
    it(`goes along, and comes back with a socket that is returned (${how})`, async (t) => {
      const { giver, near, far, taken, clock } = await setUp(t);
      const [ours, copy] = [await socketPair(options), await socketPair()];
      t.after(() => Promise.all([ours.close(), copy.close()]));
      const bytes = Buffer.from([0, 255, 10, 13, 195, 40, 0]);
      if (how === 'paused from the start') ours.accepted.unshift(bytes);
      else {
        ours.client.write(bytes);
        await once(ours.accepted, 'readable');
      }
      far.pass = (handle) => handle;
      near.pass = () => copy.accepted;
      const refused = takeHandles(far, () => {}, { purpose: 'picky', accepts: () => false, clock });
      await turn();
      assert.deepEqual(await giver.give(ours.accepted, { purpose: 'picky' }), {
        kind: 'returned',
        why: 'refused',
      });
      assert.equal(refused.open, 0);
      assert.equal(ours.accepted.readableLength, bytes.length);
      const again = await socketPair();
      t.after(again.close);
      near.pass = () => again.accepted;
      await giver.give(ours.accepted);
      const { handle } = taken[0] as { handle: Socket };
      assert.deepEqual(handle.read(), bytes);
    });
});

describe('a handle comes back', () => {
  it('from an end that refuses it, is full, or draining', async (t) => {
    const { giver, near, taking, taken, pair } = await setUp(t, { accepts: ({ note }) => note !== 'no' });
    const copy = await pair();
    near.pass = () => copy.accepted;
    const { accepted } = await pair();
    assert.deepEqual(await giver.give(accepted, { note: 'no' }), { kind: 'returned', why: 'refused' });
    assert.equal(giver.state(), 'available');
    for (const state of ['full', 'draining'] as const) {
      taking.mark(state);
      await turn();
      assert.equal(giver.state(), state);
      assert.deepEqual(await giver.give(accepted), { kind: 'returned', why: 'refused' });
    }
    assert.equal(accepted.destroyed, false);
    assert.equal(taken.length, 0);
  });

  it('where nobody takes those of its purpose any more', async (t) => {
    const { giver, taking, pair } = await setUp(t);
    await taking.close();
    assert.deepEqual(await giver.give((await pair()).accepted), { kind: 'returned', why: 'refused' });
  });

  it('when it came without its descriptor', async (t) => {
    const { giver, near, pass, pair } = await setUp(t, { ackMs: 2000 });
    near.drops = true;
    const { accepted } = await pair();
    const given = giver.give(accepted);
    await pass(500);
    assert.deepEqual(await given, { kind: 'returned', why: 'lost' });
    assert.equal(accepted.destroyed, false);
    near.drops = false;
    assert.deepEqual(await giver.give(accepted), { kind: 'accepted' });
  });

  it('when no answer comes in time, with all that wait behind it', async (t) => {
    const { giver, near, pass, pair } = await setUp(t, { ackMs: 2000 });
    near.isFrozen = true;
    const given = [giver.give((await pair()).accepted), giver.give((await pair()).accepted)];
    await pass(1900);
    assert.equal(giver.underWay, 2);
    await pass(600);
    const late = { kind: 'returned', why: 'late' };
    assert.deepEqual(await Promise.all(given), [late, late]);
    assert.equal(giver.state(), 'hung');
    assert.deepEqual(await giver.give((await pair()).accepted), late);
  });

  it('when the channel closes with it on its way, though nothing says so', async (t) => {
    const { giver, near, far, pass, pair } = await setUp(t, { ackMs: 2000 });
    far.isFrozen = true;
    const given = giver.give((await pair()).accepted);
    near.connected = false;
    await pass(500);
    assert.deepEqual(await given, { kind: 'returned', why: 'dead' });
    assert.equal(giver.state(), 'dead');
    assert.deepEqual(await giver.give((await pair()).accepted), { kind: 'returned', why: 'dead' });
  });

  it('when the process exits, once all is heard that it had said', async (t) => {
    const { giver, near, far, pass, pair } = await setUp(t, { ackMs: 60_000 });
    const copy = await pair();
    near.pass = () => copy.accepted;
    far.isFrozen = true;
    const given = [giver.give((await pair()).accepted), giver.give((await pair()).accepted)];
    await turn();
    near.exitCode = 1;
    near.emit('exit', 1, null);
    assert.equal(giver.state(), 'dead');
    // It had accepted the first before its end.
    far.isFrozen = false;
    await pass(25);
    near.connected = false;
    await pass(500);
    assert.deepEqual(await Promise.all(given), [{ kind: 'accepted' }, { kind: 'returned', why: 'dead' }]);
  });

  it('when the process exits and another one holds its channel open', async (t) => {
    const { giver, near, far, pass, pair } = await setUp(t, { ackMs: 60_000 });
    far.isFrozen = true;
    const given = giver.give((await pair()).accepted);
    await turn();
    near.exitCode = 0;
    near.emit('exit', 0, null);
    await pass(600);
    assert.deepEqual(await given, { kind: 'returned', why: 'dead' });
  });
});

describe('a process that wakes up after it was given up', () => {
  it('touches nothing that was given to another', async (t) => {
    const { giver, near, taken, pass, pair } = await setUp(t, { ackMs: 2000 });
    const copy = await pair();
    near.pass = () => copy.accepted;
    near.isFrozen = true;
    const given = giver.give((await pair()).accepted);
    await pass(2600);
    assert.deepEqual(await given, { kind: 'returned', why: 'late' });
    near.isFrozen = false;
    await turn();
    assert.deepEqual(taken, []);
    assert.equal(copy.accepted.destroyed, true);
    assert.deepEqual([giver.state(), giver.open], ['available', 0]);
  });

  it('keeps what it took late, but before it was given up, and is asked about it first', async (t) => {
    const { giver, near, far, taken, pass, pair } = await setUp(t, { ackMs: 2000 });
    const copy = await pair();
    near.pass = () => copy.accepted;
    near.isFrozen = true;
    const given = giver.give((await pair()).accepted);
    await pass(1500);
    near.isFrozen = false;
    assert.deepEqual(await given, { kind: 'accepted' });
    await turn();
    assert.ok(said(far).includes('mine'));
    assert.equal(taken[0]?.handle, copy.accepted);
    assert.equal(giver.open, 1);
  });

  it('drops what it took late where the giver is no more', async (t) => {
    const { giver, near, far, taken, pass, pair } = await setUp(t, { ackMs: 2000 });
    const copy = await pair();
    near.pass = () => copy.accepted;
    near.isFrozen = true;
    void giver.give((await pair()).accepted);
    await pass(1500);
    near.isFrozen = false;
    near.connected = false;
    await turn();
    far.emit('disconnect');
    assert.equal(copy.accepted.destroyed, true);
    assert.deepEqual(taken, []);
  });
});

describe('giving fails', () => {
  it('with ERR_BUSY where as many wait as may', async (t) => {
    const { giver, far, pair } = await setUp(t, { maxWaiting: 2 });
    far.isFrozen = true;
    const given = [];
    for (let i = 0; i < 3; i++) given.push(giver.give((await pair()).accepted));
    await turn();
    const { accepted } = await pair();
    await assert.rejects(giver.give(accepted), { code: 'ERR_BUSY', message: /2 handles wait .* maxWaiting/ });
    assert.equal(accepted.destroyed, false);
    far.isFrozen = false;
    await Promise.all(given);
  });

  it('with ERR_TIMEOUT and ERR_CANCELLED where it waits in vain, and leaves the socket as it was', async () => {
    const clock = createTestClock();
    const { near } = createFakeIpc();
    const giver = handOver(near, { clock });
    const { accepted, close } = await socketPair();
    const late = assert.rejects(giver.give(accepted, { timeoutMs: 300 }), {
      code: 'ERR_TIMEOUT',
      message: /does it call takeHandles for 'default'/,
    });
    await clock.advance(300);
    await late;
    const controller = new AbortController();
    const cancelled = assert.rejects(giver.give(accepted, { signal: controller.signal }), {
      code: 'ERR_CANCELLED',
    });
    controller.abort();
    await cancelled;
    await assert.rejects(giver.give(accepted, { signal: controller.signal }), { code: 'ERR_CANCELLED' });
    assert.deepEqual([giver.underWay, accepted.destroyed], [0, false]);
    await close();
  });

  it('with ERR_BAD_ARGUMENT for what cannot be given', async (t) => {
    const { giver, far, pair } = await setUp(t);
    const { accepted } = await pair();
    const encrypted = Object.assign((await pair()).accepted, { encrypted: true });
    const unwritten = (await pair()).accepted;
    unwritten.cork();
    const unbound = createSocket('udp4');
    t.after(() => unbound.close());
    unwritten.write('x');
    const wrong: [Handle, object, RegExp][] = [
      [encrypted, {}, /its keys stay in this process/],
      [unwritten, {}, /1 bytes of it are not written yet/],
      [accepted, { keep: true }, /two processes cannot share a connection/],
      [createServer(), {}, /it does not listen/],
      [unbound, {}, /it is not bound/],
      [{} as Handle, {}, /a net.Socket, a net.Server or a dgram.Socket/],
      [accepted, { timeoutMs: -1 }, /timeoutMs is a time/],
    ];
    for (const [handle, options, message] of wrong)
      await assert.rejects(giver.give(handle, options), { code: 'ERR_BAD_ARGUMENT', message });
    far.isFrozen = true;
    const given = giver.give(accepted);
    await assert.rejects(giver.give(accepted), { code: 'ERR_BAD_ARGUMENT', message: /on its way already/ });
    far.isFrozen = false;
    await given;
  });

  it('where there is no IPC channel', () => {
    const without = Object.create(ChildProcess.prototype) as ChildProcess;
    assert.throws(() => handOver(without), {
      code: 'ERR_NOT_SUPPORTED',
      message: /has none: start it with fork/,
    });
    assert.throws(() => handOver({} as ChildProcess), { code: 'ERR_BAD_ARGUMENT' });
  });
});

describe('taking', () => {
  it('is for one function a purpose', async (t) => {
    const { far, taking } = await setUp(t);
    assert.throws(() => takeHandles(far, () => {}), { code: 'ERR_BAD_ARGUMENT', message: /taken already/ });
    takeHandles(far, () => {}, { purpose: 'other' });
    await taking.close();
    takeHandles(far, () => {});
  });

  it('is closed when all that came is closed', async (t) => {
    const { giver, near, taking, pair } = await setUp(t);
    const copy = await pair();
    near.pass = () => copy.accepted;
    await giver.give((await pair()).accepted);
    let isClosed = false;
    const closed = taking.close().then(() => {
      isClosed = true;
    });
    await turn();
    assert.equal(isClosed, false);
    copy.accepted.destroy();
    await closed;
  });

  it('drops a connection that was reset on its way, and says so', async (t) => {
    const { giver, near, gone, pair } = await setUp(t);
    const copy = await pair();
    copy.client.resetAndDestroy();
    await once(copy.client, 'close');
    // As a process that has not yet read of it finds it.
    near.pass = () => copy.accepted;
    assert.deepEqual(await giver.give((await pair()).accepted), { kind: 'gone' });
    assert.equal(gone.length, 1);
  });
});
