import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hear } from '../../test/suites/channel-ear.ts';
import { createTestClock } from '../testkit/clock.ts';
import { defaultLimits, type Limits } from '../wire/limits.ts';
import { webText } from '../wire/text.ts';
import type { Ticket } from './channel.ts';
import { createFramedChannel, type DialectChoice } from './framed.ts';
import type { ByteReceiver, ByteTransport } from './transport.ts';

const hello = { version: 1, maxCalls: 8, maxMessageBytes: 1000 };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A transport that takes one write and then waits until the test says so. */
function createSlowTransport() {
  const written: string[][] = [];
  let receiver: ByteReceiver | undefined;
  const transport: ByteTransport = {
    form: 'bytes',
    name: 'slow',
    start: (given) => (receiver = given),
    write(chunks) {
      written.push(
        chunks.map((chunk) => (typeof chunk === 'string' ? chunk : new TextDecoder('latin1').decode(chunk))),
      );
      return false;
    },
    flushed: () => Promise.resolve(true),
    pause() {},
    resume() {},
    end() {},
    destroy: () => receiver?.close(),
    ref() {},
    unref() {},
  };
  return { transport, written, drain: () => receiver?.drain() };
}

describe('what waits to be written', () => {
  const open = (limits: Partial<Limits> = {}, dialect: DialectChoice = 'binary') => {
    const slow = createSlowTransport();
    const channel = createFramedChannel(slow.transport, {
      mode: 'calls',
      dialect,
      hello,
      limits: { ...defaultLimits, ...limits },
      text: webText,
      clock: createTestClock(),
    });
    hear(channel);
    return { ...slow, channel };
  };

  it('leaves in one write per turn', async () => {
    const { channel, written } = open({}, 'json-lines');
    for (let id = 1; id <= 3; id++) channel.send({ kind: 'call', id, method: 'x', params: [] });
    await turn();
    assert.equal(written.length, 1);
    assert.equal(written[0]?.join('').trim().split('\n').length, 3);
  });

  it('can be withdrawn as long as its ticket is not sent', async () => {
    const { channel, written, drain } = open({}, 'json-lines');
    const first: Ticket = { sent: false };
    const second: Ticket = { sent: false };
    channel.send({ kind: 'call', id: 1, method: 'first', params: [] }, first);
    await turn();
    assert.equal(first.sent, true);
    channel.send({ kind: 'call', id: 2, method: 'second', params: [] }, second);
    channel.send({ kind: 'call', id: 3, method: 'third', params: [] });
    await turn();
    assert.equal(second.sent, false);
    second.withdrawn = true;
    drain();
    const all = written.flat().join('');
    assert.match(all, /first[\s\S]*third/);
    assert.doesNotMatch(all, /second/);
  });

  it('keeps the items of a stream behind the message that brings it, also where that waits behind a large one', async () => {
    const { channel, written, drain } = open();
    channel.send({ kind: 'call', id: 1, method: 'large', params: ['x'.repeat(400_000)] });
    await turn();
    const ticket: Ticket = { sent: false, lentStreams: () => [7] };
    channel.send({ kind: 'call', id: 2, method: 'brings', params: [] }, ticket);
    channel.send({ kind: 'item', stream: 7, seq: 0, value: 'of the stream' });
    channel.send({ kind: 'item', stream: 8, seq: 0, value: 'of another' });
    await turn();
    for (let writes = 0; writes < 10; writes++) drain();
    const all = written.flat().join('');
    assert.match(all, /of another[\s\S]*brings[\s\S]*of the stream/);
  });

  it('goes out however much before it was withdrawn', async () => {
    const { channel, written, drain } = open({}, 'json-lines');
    channel.send({ kind: 'call', id: 1, method: 'first', params: [] });
    await turn();
    for (let id = 2; id <= 9; id++) {
      const ticket: Ticket = { sent: false };
      channel.send({ kind: 'call', id, method: 'withdrawn', params: ['x'.repeat(100_000)] }, ticket);
      ticket.withdrawn = true;
    }
    channel.send({ kind: 'call', id: 10, method: 'last', params: [] });
    await turn();
    drain();
    assert.match(written.flat().join(''), /^.*first.*\n.*last.*\n$/);
  });

  it('is passed by control messages', async () => {
    const { channel, written, drain } = open();
    await turn();
    for (const method of ['first', 'second']) channel.send({ kind: 'notify', method, params: [] });
    channel.send({ kind: 'ping', id: 7 });
    const before = written.flat().join('').length;
    drain();
    await turn();
    drain();
    const sent = written.flat().join('').slice(before);
    // Of five bytes: kind, length, id.
    const lone = open();
    await turn();
    const greeting = lone.written.flat().join('').length;
    lone.channel.send({ kind: 'ping', id: 7 });
    await turn();
    lone.drain();
    const ping = lone.written.flat().join('').slice(greeting);
    assert.equal(ping.length, 5);
    assert.equal(sent.indexOf(ping), 0, 'the ping goes first');
    assert.ok(sent.indexOf('first') < sent.indexOf('second'));
  });

  it('is cut where it is large, and smaller messages pass between its pieces', async () => {
    const { channel, written, drain } = open();
    await turn();
    channel.send({ kind: 'result', id: 1, value: new Uint8Array(2 * 1024 * 1024) });
    for (let i = 0; i < 3; i++) {
      drain();
      await turn();
    }
    channel.send({ kind: 'result', id: 2, value: 'small' });
    for (let i = 0; i < 40; i++) {
      drain();
      await turn();
    }
    const at = written.findIndex((chunks) => chunks.join('').includes('small'));
    assert.ok(at > 0 && at < 8, `the small result went out as write ${at} of ${written.length}`);
    assert.ok(written.length > 15);
  });

  it('keeps calls and notifications in order behind a large one', async () => {
    const { channel, written, drain } = open();
    await turn();
    channel.send({ kind: 'notify', method: 'large', params: [new Uint8Array(256 * 1024)] });
    drain();
    await turn();
    channel.send({ kind: 'notify', method: 'after', params: [] });
    channel.send({ kind: 'result', id: 9, value: 'passes' });
    for (let i = 0; i < 12; i++) {
      drain();
      await turn();
    }
    const all = written.map((chunks) => chunks.join(''));
    const last = all.findLastIndex((text) => text.length > 10_000);
    assert.ok(all.findIndex((text) => text.includes('after')) > last, 'the later notification waited');
    assert.ok(all.findIndex((text) => text.includes('passes')) < last, 'the result did not');
  });

  it('lets a cancel pass any large call but its own', async () => {
    const { channel, written, drain } = open();
    await turn();
    channel.send({ kind: 'call', id: 0xaaaa, method: 'small', params: [] });
    channel.send({ kind: 'call', id: 0xbbbb, method: 'large', params: [new Uint8Array(1024 * 1024)] });
    drain();
    await turn();
    channel.send({ kind: 'cancel', id: 0xaaaa });
    channel.send({ kind: 'cancel', id: 0xbbbb });
    for (let i = 0; i < 40; i++) {
      drain();
      await turn();
    }
    const all = written.map((chunks) => chunks.join(''));
    const last = all.findLastIndex((text) => text.length > 10_000);
    const ofCancel = (byte: string) =>
      all.findLastIndex((text) => text.length < 100 && text.includes(byte + byte));
    assert.ok(ofCancel('\xaa') < last, 'the cancel of the small call did not wait');
    assert.ok(ofCancel('\xbb') > last, 'the cancel of the large call did');
  });

  it('holds back large messages while as many are under way as the dialect allows', async () => {
    const { channel, written, drain } = open({
      maxMessageBytes: 512 * 1024 * 1024,
      maxBufferedBytes: 2 ** 30,
    });
    await turn();
    const megabytes = (n: number) => new Uint8Array(n * 1024 * 1024);
    for (let id = 1; id <= 5; id++) channel.send({ kind: 'result', id, value: megabytes(12) });
    let done = false;
    void channel.flushed().then(() => (done = true));
    for (let i = 0; i < 1500 && !done; i++) {
      drain();
      await turn();
    }
    assert.ok(done);
    const begun = written.flatMap((chunks, i) =>
      chunks.some((chunk) => chunk.charCodeAt(0) === 30) ? [i] : [],
    );
    assert.equal(begun.length, 5);
    assert.ok(
      (begun[2] as number) > 150,
      `the third began after ${begun[2]} writes, when one of the first two was through`,
    );
  });

  it('is flushed only when the last of it is handed over, however many later messages have passed it', async () => {
    const { channel, drain } = open();
    await turn();
    channel.send({ kind: 'notify', method: 'large', params: [new Uint8Array(1024 * 1024)] });
    await turn();
    const behind: Ticket = { sent: false };
    channel.send({ kind: 'notify', method: 'behind', params: [] }, behind);
    let flushed = false;
    void channel.flushed().then(() => (flushed = true));
    for (let id = 1; id <= 40; id++) {
      channel.send({ kind: 'result', id, value: 'passes' });
      drain();
      await turn();
      assert.ok(!flushed || behind.sent, `flushed after ${id} later messages, which passed one that waits`);
    }
    assert.ok(flushed);
  });

  it('keeps the order of a lane where the queues behind two large messages meet', async () => {
    const { channel, written, drain } = open();
    await turn();
    const item = (stream: number, seq: number, value: unknown): void =>
      void channel.send({ kind: 'item', stream, seq, value });
    item(1, 0, new Uint8Array(200 * 1024));
    item(2, 0, new Uint8Array(400 * 1024));
    for (let seq = 1; seq < 4; seq++) for (const stream of [1, 2]) item(stream, seq, `<${stream}.${seq}>`);
    for (let i = 0; i < 40; i++) {
      drain();
      await turn();
    }
    const all = written.flat().join('');
    for (const stream of [1, 2]) {
      const places = [1, 2, 3].map((seq) => all.indexOf(`<${stream}.${seq}>`));
      assert.ok(
        places.every((place, i) => place > (places[i - 1] ?? 0)),
        `stream ${stream}: ${places}`,
      );
    }
  });

  it('is flushed only when all that was sent in the turn is handed over, whoever of it asks', async () => {
    const slow = createSlowTransport();
    const channel = createFramedChannel(slow.transport, {
      mode: 'calls',
      dialect: 'json-lines',
      hello,
      limits: defaultLimits,
      text: webText,
    });
    hear(channel);
    const first: Ticket = { sent: false };
    const last: Ticket = { sent: false };
    // Nothing is cut in JSON: the first fills a write of its own.
    channel.send({ kind: 'notify', method: 'a', params: ['x'.repeat(300_000)] }, first);
    const flushed = [channel.flushed()];
    channel.send({ kind: 'notify', method: 'b', params: [] }, last);
    flushed.push(channel.flushed());
    let done = 0;
    for (const one of flushed) void one.then(() => done++);
    await turn();
    assert.deepEqual([first.sent, last.sent, done], [true, false, 0]);
    slow.drain();
    await turn();
    assert.deepEqual([last.sent, done], [true, 2]);
  });

  it('says when it is full, and when there is room again', async () => {
    const slow = createSlowTransport();
    const channel = createFramedChannel(slow.transport, {
      mode: 'calls',
      dialect: 'json-lines',
      hello,
      limits: { ...defaultLimits, maxBufferedBytes: 100 },
      text: webText,
    });
    let drained = 0;
    channel.start({ ready() {}, message() {}, drained: () => drained++, ended() {}, closed() {} });
    channel.send({ kind: 'notify', method: 'x', params: [] });
    await turn();
    assert.equal(channel.full, false);
    channel.send({ kind: 'notify', method: 'y'.repeat(100), params: [] });
    assert.equal(channel.full, true);
    slow.drain();
    await turn();
    assert.equal(channel.full, false);
    assert.equal(drained, 1);
  });
});
