import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createFakeIpc, type FakeEnd, turn } from '../../test/programs/fake-ipc.ts';
import { type SocketPair, socketPair } from '../../test/programs/socket-pair.ts';
import { isReading } from './node-internals.ts';
import { Passage } from './passage.ts';

interface Setting {
  near: FakeEnd;
  far: FakeEnd;
  here: Passage;
  there: Passage;
  /** A connection, which arrives at the other end as another one that is closed with the test. */
  pair(): Promise<SocketPair & { copy: SocketPair }>;
}

function setUp(t: TestContext): Setting {
  const { near, far } = createFakeIpc();
  const copies = new Map<object, Socket>();
  near.pass = (handle) => copies.get(handle) ?? handle;
  return {
    near,
    far,
    here: new Passage(near),
    there: new Passage(far),
    async pair() {
      const [own, copy] = [await socketPair(), await socketPair()];
      copies.set(own.accepted, copy.accepted);
      t.after(() => Promise.all([own.close(), copy.close()]));
      return { ...own, copy };
    },
  };
}

describe('a passage', () => {
  it('brings a socket, which is ours until it is asked for', async (t) => {
    const { here, there, pair } = setUp(t);
    const { accepted, copy } = await pair();
    accepted.unshift(Buffer.from([0, 255, 10]));
    const id = here.give(accepted, 'keep') as number;
    await turn();
    assert.equal(there.find(id), copy.accepted);
    assert.deepEqual([accepted.destroyed, isReading(copy.accepted)], [false, false]);
    assert.equal(await there.take([id]), undefined);
    assert.deepEqual([accepted.destroyed, isReading(copy.accepted)], [true, true]);
    assert.deepEqual(copy.accepted.read(), Buffer.from([0, 255, 10]));
    assert.equal(there.find(id), undefined);
  });

  it('brings several together, or none of them', async (t) => {
    const { here, there, pair } = setUp(t);
    const pairs = [await pair(), await pair(), await pair()] as const;
    const [first, second, third] = pairs.map(({ accepted }) => here.give(accepted, 'keep') as number);
    await turn();
    here.recall([second as number]);
    const error = await there.take([first, second] as number[]);
    assert.equal(error?.code, 'ERR_HANDLE_LOST');
    assert.deepEqual(
      pairs.map(({ accepted, copy }) => [accepted.destroyed, copy.accepted.destroyed]),
      [
        [false, true],
        [false, true],
        [false, false],
      ],
    );
    assert.equal(await there.take([third as number]), undefined);
  });

  it('goes both ways at once, each with its own numbers', async (t) => {
    const { near, far, here, there, pair } = setUp(t);
    const [one, other] = [await pair(), await pair()];
    near.pass = () => one.copy.accepted;
    far.pass = () => other.copy.accepted;
    const ids = [here.give(one.accepted, 'keep'), there.give(other.accepted, 'keep')] as number[];
    await turn();
    assert.equal(ids[0], ids[1]);
    assert.deepEqual(await Promise.all([there.take([ids[0] as number]), here.take([ids[1] as number])]), [
      undefined,
      undefined,
    ]);
    assert.deepEqual([one.accepted.destroyed, other.accepted.destroyed], [true, true]);
  });

  it('leaves a server and a datagram socket open where they came from', async (t) => {
    const { here, there } = setUp(t);
    const server = createServer().listen(0, '127.0.0.1');
    const datagram = createSocket('udp4').bind(0, '127.0.0.1');
    await Promise.all([once(server, 'listening'), once(datagram, 'listening')]);
    const ids = [here.give(server, 'keep'), here.give(datagram, 'keep')] as number[];
    await turn();
    assert.equal(await there.take(ids), undefined);
    assert.equal(server.listening, true);
    assert.ok(datagram.address().port > 0);
    server.close();
    datagram.close();
  });

  it('takes a socket that can only be read for the stream that it is', async (t) => {
    const { here, pair } = setUp(t);
    const { accepted } = await pair();
    accepted.end();
    assert.equal(here.give(accepted, 'keep'), undefined);
    assert.equal(here.give({}, 'keep'), undefined);
  });
});

describe('a socket is as it was', () => {
  it('once it is recalled, and what had come of it is dropped', async (t) => {
    const { here, there, pair } = setUp(t);
    const { accepted, copy } = await pair();
    accepted.unshift(Buffer.from('read before'));
    const id = here.give(accepted, 'keep') as number;
    await turn();
    here.recall([id]);
    assert.equal(String(accepted.read()), 'read before');
    await turn();
    assert.deepEqual([accepted.destroyed, copy.accepted.destroyed], [false, true]);
    assert.equal(there.find(id), undefined);
    assert.notEqual(here.give(accepted, 'keep'), undefined, 'it can be given again');
  });

  it('where it is asked for at the moment when it is recalled', async (t) => {
    const { here, there, pair } = setUp(t);
    const { accepted, copy } = await pair();
    const id = here.give(accepted, 'keep') as number;
    await turn();
    const taken = there.take([id]);
    here.recall([id]);
    assert.equal((await taken)?.code, 'ERR_HANDLE_LOST');
    assert.deepEqual([accepted.destroyed, copy.accepted.destroyed], [false, true]);
  });

  it('where the other end refuses it', async (t) => {
    const { here, there, pair } = setUp(t);
    const { accepted, copy } = await pair();
    const id = here.give(accepted, 'keep') as number;
    await turn();
    there.refuse([id]);
    await turn();
    assert.deepEqual([accepted.destroyed, copy.accepted.destroyed], [false, true]);
  });

  it('where it came without its descriptor', async (t) => {
    const { near, here, there, pair } = setUp(t);
    const { accepted } = await pair();
    near.drops = true;
    const id = here.give(accepted, 'keep') as number;
    await turn();
    const error = await there.take([id]);
    assert.match(error?.message ?? '', /did not arrive: .* too many open descriptors/);
    await turn();
    near.drops = false;
    assert.notEqual(here.give(accepted, 'keep'), undefined);
  });

  it('where the channel closes first, on either side', async (t) => {
    const { near, far, here, there, pair } = setUp(t);
    const [waiting, asked] = [await pair(), await pair()];
    const ids = [waiting, asked].map(({ accepted }) => here.give(accepted, 'keep') as number);
    await turn();
    near.isFrozen = true;
    far.isFrozen = true;
    const taken = there.take([ids[1] as number]);
    near.connected = far.connected = false;
    here.close();
    there.close();
    assert.equal((await taken)?.code, 'ERR_HANDLE_LOST');
    for (const { accepted, copy } of [waiting, asked])
      assert.deepEqual([accepted.destroyed, copy.accepted.destroyed], [false, true]);
  });

  it('but for one that nobody wants back: it is closed', async (t) => {
    const { here, there, pair } = setUp(t);
    const { accepted } = await pair();
    const id = here.give(accepted, 'close') as number;
    await turn();
    there.refuse([id]);
    await turn();
    assert.equal(accepted.destroyed, true);
  });
});

describe('a socket that is closed on its way', () => {
  it('is told to both ends', async (t) => {
    const { here, there, pair } = setUp(t);
    const { accepted, copy } = await pair();
    const id = here.give(accepted, 'keep') as number;
    await turn();
    copy.client.resetAndDestroy();
    await once(copy.client, 'close');
    assert.match((await there.take([id]))?.message ?? '', /closed on its way/);
    await turn();
    assert.equal(accepted.destroyed, true);
  });

  it('does not go on at the other end where it was closed here', async (t) => {
    const { here, there, pair } = setUp(t);
    const { accepted, copy } = await pair();
    const id = here.give(accepted, 'keep') as number;
    await turn();
    accepted.destroy();
    assert.equal((await there.take([id]))?.code, 'ERR_HANDLE_LOST');
    assert.equal(copy.accepted.destroyed, true);
  });

  it('is not sent at all where it was closed before', async (t) => {
    const { near, here, pair } = setUp(t);
    const { accepted } = await pair();
    accepted.destroy();
    assert.throws(() => here.give(accepted, 'keep'), { code: 'ERR_HANDLE_LOST', message: /it is closed/ });
    assert.deepEqual(near.sent, []);
  });
});

describe('giving throws', () => {
  it('ERR_BAD_ARGUMENT for one that is on its way already, or cannot be given', async (t) => {
    const { here, pair } = setUp(t);
    const { accepted } = await pair();
    here.give(accepted, 'keep');
    assert.throws(() => here.give(accepted, 'keep'), {
      code: 'ERR_BAD_ARGUMENT',
      message: /on its way already/,
    });
    assert.throws(() => here.give(createServer(), 'keep'), { code: 'ERR_HANDLE_LOST' });
  });

  it('ERR_BUSY where as many are under way as may be', async (t) => {
    const { far, here, there } = setUp(t);
    const datagram = createSocket('udp4').bind(0, '127.0.0.1');
    t.after(() => datagram.close());
    await once(datagram, 'listening');
    far.isFrozen = true;
    for (let i = 0; i < 1000; i++) here.give(datagram, 'keep');
    assert.throws(() => here.give(datagram, 'keep'), { code: 'ERR_BUSY' });
    here.recall(Array.from({ length: 1000 }, (_, i) => i + 1));
    assert.equal(here.give(datagram, 'keep'), 1001);
    here.close();
    void there;
  });
});
