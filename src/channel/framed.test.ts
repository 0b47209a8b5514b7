import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hear } from '../../test/suites/channel-ear.ts';
import { createTestClock } from '../testkit/clock.ts';
import { defaultLimits, type Limits } from '../wire/limits.ts';
import { webText } from '../wire/text.ts';
import { createFramedChannel, type DialectChoice } from './framed.ts';
import { createMemoryBytePair } from './memory.ts';

const hello = { version: 1, maxCalls: 8, maxMessageBytes: 1000 };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The far end of a transport, by hand. */
function createFarEnd(
  limits: Partial<Limits> = {},
  dialect: DialectChoice = 'choose',
  mode: 'calls' | 'plain' = 'calls',
  cutAt?: number,
) {
  const clock = createTestClock();
  const [near, far] = createMemoryBytePair(cutAt === undefined ? {} : { cutAt });
  const channel = createFramedChannel(near, {
    mode,
    dialect,
    hello,
    limits: { ...defaultLimits, ...limits },
    text: webText,
    clock,
  });
  const heard = hear(channel);
  let text = '';
  let closed = false;
  far.start({
    data: (chunk) => (text += new TextDecoder('latin1').decode(chunk)),
    end() {},
    drain() {},
    close: () => (closed = true),
  });
  return {
    channel,
    heard,
    far,
    clock,
    said: () => text,
    closed: () => closed,
    write: (data: string | Uint8Array) => far.write([data]),
  };
}

describe('a listener that chooses by the first byte', () => {
  it('speaks JSON by line with whoever begins so, and says no hello', async () => {
    const { channel, heard, write, said } = createFarEnd();
    write('{"jsonrpc":"2.0","id":1,"method":"add","params":[1,2]}\n');
    await turn();
    assert.equal(channel.dialect, 'json-lines');
    assert.equal(channel.kindred, false);
    assert.equal(heard.messages[0]?.kind, 'call');
    channel.send({ kind: 'result', id: 1, value: 3 });
    await turn();
    assert.deepEqual(JSON.parse(said()), { jsonrpc: '2.0', id: 1, result: 3 });
  });

  it('speaks with Content-Length to whoever begins with a header', async () => {
    const { channel, heard, write, said } = createFarEnd();
    const body = '{"jsonrpc":"2.0","id":1,"method":"x"}';
    write(`Content-Length: ${body.length}\r\n\r\n${body}`);
    await turn();
    assert.equal(channel.dialect, 'json-headers');
    assert.equal(heard.messages[0]?.kind, 'call');
    channel.send({ kind: 'result', id: 1, value: null });
    await turn();
    assert.match(said(), /^Content-Length: \d+\r\n\r\n\{/);
  });

  it('closes without a word to whoever speaks HTTP', async () => {
    for (const request of [
      'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
      'POST /rpc HTTP/1.1\r\n\r\n{"jsonrpc":"2.0","id":1,"method":"x"}',
    ]) {
      const { heard, write, said } = createFarEnd();
      write(request);
      await turn();
      assert.equal(said(), '');
      assert.equal(heard.reason?.kind, 'broken');
      assert.deepEqual(heard.messages, []);
    }
  });

  it('tells whoever fits nothing what is wrong, then closes', async () => {
    const { heard, write, said, far } = createFarEnd();
    write('hello?\n');
    await turn();
    assert.match(said(), /"error".*first byte 0x68/);
    far.end();
    await turn();
    assert.equal(heard.reason?.kind, 'broken');
  });

  it('answers a JSON hello, and both go on in binary', async () => {
    const { channel, heard, write, said } = createFarEnd();
    write(
      `{"jsonrpc":"2.0","method":"$/hello","params":${JSON.stringify(hello)}}\n{"jsonrpc":"2.0","id":1,"method":"add","params":[1,2]}\n`,
    );
    await turn();
    assert.equal(heard.ready, true);
    assert.deepEqual(channel.remote, hello);
    assert.equal(heard.messages[0]?.kind, 'call');
    channel.send({ kind: 'result', id: 1, value: 3 });
    await turn();
    const [line, rest] = said().split('\n', 2) as [string, string];
    assert.equal(JSON.parse(line).method, '$/hello');
    assert.equal(rest.charCodeAt(0), 0xff);
  });

  it('answers the hello of a later version with its own, to which the other end may come down', async () => {
    const { channel, heard, write, said } = createFarEnd();
    write(`{"jsonrpc":"2.0","method":"$/hello","params":${JSON.stringify({ ...hello, version: 2 })}}\n`);
    await turn();
    assert.equal(heard.ready, true);
    channel.send({ kind: 'ping', id: 1 });
    await turn();
    assert.equal(JSON.parse(said().split('\n', 1)[0] as string).params.version, 1);
  });

  it('closes with an error that names both versions where the other end settles for a later one', async () => {
    const { heard, write, far } = createFarEnd({}, 'greet');
    write(`{"jsonrpc":"2.0","method":"$/hello","params":${JSON.stringify({ ...hello, version: 2 })}}\n`);
    await turn();
    far.end();
    await turn();
    assert.equal(heard.reason?.error?.code ?? 'open', 'ERR_PROTOCOL');
    assert.match(heard.reason?.error?.message ?? '', /version 2\b.*version 1\b/);
  });

  it('lets a person take his time, but not one who began the binary hand-shake', async () => {
    const silent = createFarEnd();
    await silent.clock.advance(60_000);
    assert.equal(silent.heard.reason, undefined);
    const begun = createFarEnd();
    begun.write(Uint8Array.of(0xff));
    await turn();
    await begun.clock.advance(5000);
    begun.far.end();
    await turn();
    await begun.clock.advance(2000);
    assert.equal(begun.heard.reason?.kind, 'broken');
    assert.match(begun.heard.reason?.error?.message ?? '', /handshakeMs \(5000\)/);
  });

  it('takes no binary from whoever has not said hello', async () => {
    const { heard, write, far } = createFarEnd();
    write('{"jsonrpc":"2.0","id":1,"method":"x"}\n');
    write(Uint8Array.of(0xff, 0x4b, 0x4e, 1));
    await turn();
    far.end();
    await turn();
    assert.equal(heard.reason?.kind, 'broken');
    assert.match(heard.reason?.error?.message ?? '', /without a hello/);
  });
});

describe('a dialer that greets', () => {
  it('says hello and its first messages in one go, and stays with JSON towards a stranger', async () => {
    const { channel, heard, write, said } = createFarEnd({}, 'greet');
    channel.send({ kind: 'call', id: 1, method: 'add', params: [1, 2] });
    await turn();
    const lines = said()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { method: string });
    assert.deepEqual(
      lines.map((line) => line.method),
      ['$/hello', 'add'],
    );
    assert.equal(heard.ready, false);
    write('{"jsonrpc":"2.0","id":1,"result":3}\n');
    await turn();
    assert.equal(heard.ready, true);
    assert.equal(channel.kindred, false);
    assert.deepEqual(heard.messages, [{ kind: 'result', id: 1, value: 3 }]);
  });
});

describe('limits', () => {
  it('close the channel with an error that names the limit and the number, and tell the other end', async () => {
    const { heard, write, said, far } = createFarEnd({ maxMessageBytes: 500 });
    write(`{"jsonrpc":"2.0","id":1,"method":"x","params":["${'y'.repeat(500)}"]}\n`);
    await turn();
    assert.match(said(), /maxMessageBytes \(500\)/);
    far.end();
    await turn();
    assert.equal(heard.reason?.kind, 'broken');
    assert.equal(heard.reason?.error?.code, 'ERR_LIMIT');
  });
});

describe('the end of the stream', () => {
  it('is told after the last message, and what is sent afterwards still arrives', async () => {
    const { channel, heard, write, said, far, closed } = createFarEnd();
    write('{"jsonrpc":"2.0","id":1,"method":"x"}');
    far.end();
    await turn();
    assert.equal(heard.messages.length, 1);
    assert.equal(heard.ended, true);
    channel.send({ kind: 'result', id: 1, value: 'late' });
    const reason = await channel.close();
    assert.match(said(), /late/);
    assert.equal(reason.kind, 'ended');
    await turn();
    assert.equal(closed(), true);
  });

  it('in the middle of a message breaks the channel', async () => {
    const { heard, write, far } = createFarEnd({}, 'json-headers');
    write('Content-Length: 10\r\n\r\n{"a"');
    far.end();
    await turn();
    assert.equal(heard.reason?.kind, 'broken');
  });
});
