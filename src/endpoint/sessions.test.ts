import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KindredError } from '../base/errors.ts';
import { createFramedChannel } from '../channel/framed.ts';
import type { Resumable } from '../channel/resumable.ts';
import { createPeer, helloOf } from '../rpc/channel-peer.ts';
import type { OwnPeer } from '../rpc/own-peer.ts';
import { createTestClock } from '../testkit/clock.ts';
import { defaultLimits } from '../wire/limits.ts';
import { webText } from '../wire/text.ts';
import { createStageOn, type Staged, settle } from './fixtures/staged-sessions.ts';
import { StagedWire } from './fixtures/staged-wire.ts';
import type { Sessions } from './sessions.ts';

const createStage = (staged?: Staged) => createStageOn(createTestClock(), staged);

const lost = { code: 'ERR_PEER_GONE' } as const;
function refused(): never {
  throw new KindredError('ERR_NOT_REACHABLE', 'nobody listens there', { outcome: 'not-sent' });
}

describe('a connection that is cut', () => {
  it('goes on over a new one: calls under way are answered, and run once', async () => {
    const { connect, gates, wires, last, served, ran } = createStage();
    const peer = connect();
    assert.equal(await peer.call.echo('before'), 'before');
    const waiting = peer.call.gate();
    await settle();
    last().cut();
    await settle();
    gates[0]?.();
    assert.equal(await waiting, 'open');
    assert.equal(await peer.call.echo('after'), 'after');
    assert.deepEqual([wires.length, served.length, gates.length], [2, 1, 1]);
    assert.deepEqual(ran, ['before', 'after']);
  });

  it('may be cut behind any byte of either end, within a frame or between two', async () => {
    for (const side of [0, 1] as const)
      for (let bytes = 1; bytes < 400; bytes += 7) {
        const { connect, last, ran } = createStage();
        const peer = connect();
        await peer.ping();
        last().left[side] = bytes;
        const values = Array.from({ length: 20 }, (_, n) => `${n} ${'x'.repeat(n)}`);
        assert.deepEqual(await Promise.all(values.map((value) => peer.call.echo(value))), values);
        assert.deepEqual(
          ran,
          values.map((value) => value.slice(0, 20)),
        );
      }
  });

  it('may be cut again and again, also while it is being made again', async () => {
    const { clock, connect, wires, ran } = createStage({
      stage: (wire, count) => {
        if (count > 1 && count < 60) wire.left[count % 2 === 0 ? 0 : 1] = count * 11;
      },
    });
    const peer = connect();
    await peer.ping();
    wires[0]?.cut();
    const values = Array.from({ length: 300 }, (_, n) => `value ${n}`);
    let answers: unknown[] | undefined;
    void Promise.all(values.map((value) => peer.call.echo(value))).then((all) => (answers = all));
    for (let tries = 0; tries < 200 && answers === undefined; tries++) {
      await clock.advance(500);
      await settle();
    }
    assert.deepEqual(answers, values);
    assert.deepEqual(ran, values);
    assert.ok(wires.length > 15, `${wires.length} connections`);
  });

  it('loses no item of a stream and no call of a lent function, and keeps their order', async () => {
    const { connect, clock, wires } = createStage({
      stage: (wire, count) => {
        if (count < 20) wire.left[1] = 700;
      },
    });
    const peer = connect();
    await peer.ping();
    const told: number[] = [];
    const items: number[] = [];
    let done = 0;
    const stream = async (): Promise<void> => {
      for await (const item of peer.call.count(500)) items.push(item);
    };
    const work = [
      stream(),
      peer.call.each(50, async (n) => {
        told.push(n);
        return n;
      }),
    ];
    for (const each of work) void Promise.resolve(each).then(() => done++);
    for (let tries = 0; tries < 200 && done < 2; tries++) {
      await clock.advance(100);
      await settle();
    }
    assert.deepEqual(items, [...Array(500).keys()]);
    assert.deepEqual(told, [...Array(50).keys()]);
    assert.ok(wires.length >= 8, `${wires.length} connections`);
  });

  it('is noticed by an end that hears nothing, and replaced though the other end has noticed nothing', async () => {
    const { clock, connect, last, wires, served } = createStage({ clientLimits: { heartbeatMs: 1000 } });
    const peer = connect();
    await peer.ping();
    last().silent = true;
    const call = peer.call.echo('through');
    await clock.advance(5000);
    await settle();
    assert.equal(await call, 'through');
    assert.equal(wires.length, 2);
    assert.equal(wires[0]?.acceptor.isClosed, true, 'the old one is dropped for the new one');
    assert.equal(served.length, 1);
  });

  it('hands nothing over while it is lost, so that calls of that time are known not to be sent', async () => {
    const { clock, connect, wires, ran } = createStage({
      stage: (_wire, count) => (count > 1 ? refused() : undefined),
    });
    const peer = connect();
    await peer.ping();
    wires[0]?.cut();
    await settle();
    const late = assert.rejects(peer.call.echo('late'), { ...lost, outcome: 'not-sent' });
    await clock.advance(5000);
    await late;
    assert.deepEqual(ran, []);
  });
});

describe('a connection that does not come back', () => {
  it('is given up at both ends when the window is over', async () => {
    const { clock, connect, wires, served, sessions } = createStage({
      limits: { resumeMs: 10_000 },
      stage: (wire, count) => {
        if (count > 1) wire.silent = true;
      },
    });
    const peer = connect();
    const call = assert.rejects(peer.call.gate(), { ...lost, outcome: 'unknown' });
    await settle();
    wires[0]?.cut();
    await settle();
    await clock.advance(9000);
    assert.deepEqual([peer.state, served[0]?.state], ['open', 'open']);
    await clock.advance(2000);
    await settle();
    assert.deepEqual([peer.state, served[0]?.state], ['closed', 'closed']);
    assert.equal((await peer.closed).kind, 'lost');
    await call;
    sessions.shut();
  });

  it('has the smaller window of the two ends', async () => {
    const { clock, connect, wires, served } = createStage({
      limits: { resumeMs: 10_000 },
      clientLimits: { resumeMs: 2000 },
      stage: (wire, count) => {
        if (count > 1) wire.silent = true;
      },
    });
    const peer = connect();
    await peer.ping();
    wires[0]?.cut();
    await settle();
    await clock.advance(2500);
    await settle();
    assert.deepEqual([peer.state, served[0]?.state], ['closed', 'closed']);
  });

  it('is given up as soon as a server answers that knows nothing of it', async () => {
    const first = createStage();
    const other = createStage();
    const peer = first.connect();
    await peer.ping();
    const call = assert.rejects(peer.call.gate(), { ...lost, outcome: 'unknown' });
    await settle();
    // As after a restart: the same address, another server.
    first.sessions.enter = (transport, who, admit) => other.sessions.enter(transport, who, admit);
    first.last().cut();
    await settle();
    await call;
    assert.equal(peer.state, 'closed');
    assert.equal(other.served.length, 0, 'it is no peer of the other one');
  });

  it('is not given to another who knows its name, nor to one who proves less', async () => {
    const secret = { name: 'ours' };
    for (const other of [{ secret: { name: 'theirs' } }, undefined]) {
      const { connect, last } = createStage({ who: (count) => (count === 1 ? { secret } : other) });
      const peer = connect();
      await peer.ping();
      const call = assert.rejects(peer.call.gate(), { ...lost, outcome: 'unknown' });
      await settle();
      last().cut();
      await settle();
      await call;
      assert.equal(peer.state, 'closed');
    }
  });

  it('goes on for who proves the same again', async () => {
    const { connect, last, wires } = createStage({ who: () => ({ secret: { name: 'ours' } }) });
    const peer = connect();
    assert.equal(await peer.call.echo('before'), 'before');
    last().cut();
    assert.equal(await peer.call.echo('after'), 'after');
    assert.equal(wires.length, 2);
    await peer.close();
  });

  it('is given up a second after its address is refused', async () => {
    const { clock, connect, wires } = createStage({
      stage: (_wire, count) => (count > 1 ? refused() : undefined),
    });
    const peer = connect();
    await peer.ping();
    wires[0]?.cut();
    await clock.advance(500);
    assert.equal(peer.state, 'open');
    await clock.advance(2000);
    await settle();
    assert.equal(peer.state, 'closed');
  });

  it('is over at once where one of the ends does not resume', async () => {
    for (const [limits, clientLimits] of [
      [{ resumeMs: 30_000 }, { resumeMs: 0 }],
      [{ resumeMs: 0 }, { resumeMs: 30_000 }],
    ] as const) {
      const { connect, last, served, wires } = createStage({ limits, clientLimits });
      const peer = connect();
      await peer.ping();
      last().cut();
      await settle();
      assert.deepEqual([peer.state, served[0]?.state, wires.length], ['closed', 'closed', 1]);
    }
  });

  it('is over at once where it is lost before the other end has said hello', async () => {
    const { connect, last, wires } = createStage();
    const peer = connect();
    last().cut();
    await settle();
    assert.deepEqual([peer.state, wires.length], ['closed', 1]);
  });

  it('gives its place to others where there are too many', async () => {
    const { connect, wires, served, last } = createStage({
      limits: { maxConnections: 2 },
      stage: (wire, count) => {
        if (count === 2) wire.silent = true;
      },
    });
    const peer = connect();
    await peer.ping();
    wires[0]?.cut();
    await settle();
    assert.equal(served[0]?.state, 'open');
    await connect().ping();
    await connect().ping();
    await settle();
    assert.equal(served[0]?.state, 'closed');
    assert.deepEqual([served[1]?.state, served[2]?.state], ['open', 'open']);
    last().cut();
  });
});

describe('whoever closes', () => {
  it('says so, and the other end waits for nobody', async () => {
    for (const which of ['client', 'server'] as const) {
      const { connect, served, wires } = createStage();
      const peer = connect();
      await peer.ping();
      await (which === 'client' ? peer : (served[0] as OwnPeer)).close();
      await settle();
      assert.deepEqual([peer.state, served[0]?.state, wires.length], ['closed', 'closed', 1]);
      assert.equal((await (which === 'client' ? (served[0] as OwnPeer) : peer).closed).kind, 'ended');
    }
  });

  it('is not waited for either where the connection is lost just then', async () => {
    const { connect, wires } = createStage();
    const peer = connect();
    await peer.ping();
    wires[0]?.cut();
    await settle();
    wires.at(-1)?.cut();
    const closed = peer.close();
    await closed;
    assert.equal(peer.state, 'closed');
  });

  it('as a server lets in whoever has said half a word, and loses nothing of it', async () => {
    const { sessions } = createStage();
    const wire = new StagedWire();
    let text = '';
    sessions.enter(wire.acceptor, undefined, (own) =>
      own.start({
        data: (chunk) => (text += new TextDecoder().decode(chunk)),
        end() {},
        drain() {},
        close() {},
      }),
    );
    wire.dialler.write(['{"half']);
    await settle();
    assert.equal(text, '');
    sessions.shut();
    await settle();
    wire.dialler.write([' a word"}']);
    await settle();
    assert.equal(text, '{"half a word"}');
  });

  it('as a server gives up those that are lost, since nobody can come back', async () => {
    const { connect, wires, served, sessions } = createStage({
      stage: (wire, count) => {
        if (count > 1) wire.silent = true;
      },
    });
    await connect().ping();
    wires[0]?.cut();
    await settle();
    assert.equal(served[0]?.state, 'open');
    sessions.shut();
    await settle();
    assert.equal(served[0]?.state, 'closed');
  });
});

describe('whoever comes back', () => {
  /** Speaks by hand; `answer`: the first line that it hears. */
  async function say(sessions: Sessions, resume: unknown) {
    const wire = new StagedWire();
    let text = '';
    wire.dialler.start({
      data: (chunk) => (text += new TextDecoder('latin1').decode(chunk)),
      end() {},
      drain() {},
      close() {},
    });
    let admitted = 0;
    sessions.enter(wire.acceptor, undefined, () => admitted++);
    const params = { version: 1, maxCalls: 1, maxMessageBytes: 1000, resume };
    wire.dialler.write([`${JSON.stringify({ jsonrpc: '2.0', method: '$/hello', params })}\n`]);
    await settle();
    const [line = ''] = text.split('\n');
    return { admitted, resume: (JSON.parse(line) as { params: { resume?: unknown } }).params.resume };
  }

  it('has to know the whole secret, the count and the next try; else he hears of no session, and nothing changes', async () => {
    const { connect, sessions, wires } = createStage();
    const peer = connect();
    await peer.ping();
    const session = /"session":"([^"]+)"/.exec(wires[0]?.heard ?? '')?.[1] as string;
    const [name] = session.split('.');
    const wrong = [
      { session: 'nobody.00', attempt: 1, received: 0 },
      { session: `${name}.${'00'.repeat(16)}`, attempt: 1, received: 0 },
      { session: `${name}.`, attempt: 1, received: 0 },
      { session, attempt: 1, received: 1e9 },
      { session, attempt: 0, received: 0 },
    ];
    for (const resume of wrong) {
      const answer = await say(sessions, resume);
      assert.deepEqual(answer, { admitted: 0, resume: undefined }, JSON.stringify(resume));
    }
    assert.equal(await peer.call.echo('still here'), 'still here');
  });
});

describe('what is kept', () => {
  it('has a bound, beyond which the sender waits, and goes on when the other end has acknowledged', async () => {
    const { connect, clock, last } = createStage({ limits: { maxBufferedBytes: 20_000 } });
    const peer = connect();
    await peer.ping();
    const values = Array.from({ length: 200 }, (_, n) => String(n).padEnd(1000, 'x'));
    let answers: unknown[] | undefined;
    void Promise.all(values.map((value) => peer.call.echo(value))).then((all) => (answers = all));
    for (let tries = 0; tries < 100 && answers === undefined; tries++) {
      await clock.advance(10);
      await settle();
    }
    assert.deepEqual(answers, values);
    // What has arrived is forgotten in the end.
    await clock.advance(2000);
    await settle();
    last().cut();
    await settle();
    const again = last().said;
    assert.ok(again[0] < 1000 && again[1] < 1000, `sent again: ${again.join(' and ')} bytes`);
  });

  it('is not kept for a stranger', async () => {
    const { sessions } = createStage();
    const wire = new StagedWire();
    let text = '';
    wire.dialler.start({
      data: (chunk) => (text += new TextDecoder().decode(chunk)),
      end() {},
      drain() {},
      close() {},
    });
    let transport: Resumable | undefined;
    sessions.enter(wire.acceptor, undefined, (own) => {
      transport = own as Resumable;
      const channel = createFramedChannel(own, {
        mode: 'calls',
        dialect: 'choose',
        hello: helloOf(defaultLimits),
        limits: defaultLimits,
        text: webText,
      });
      createPeer(channel, { service: { add: (a: number, b: number) => a + b } });
    });
    wire.dialler.write(['{"jsonrpc":"2.0","id":1,"method":"add","params":[1,2]}\n']);
    await settle();
    assert.match(text, /"result":3/);
    assert.equal(transport?.keptBytes, 0);
    assert.equal(transport?.resumption.agreed, false);
  });
});
