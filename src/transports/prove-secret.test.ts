// The exchange over real sockets, of which one side at a time is spoken by hand, and wrongly.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, describe, it, mock } from 'node:test';
import { testByteTransport } from '../../test/suites/byte-transport.ts';
import { readFile } from '../../test/suites/vectors.ts';
import type { KindredError } from '../base/errors.ts';
import { createTestClock } from '../testkit/clock.ts';
import { maxLineBytes } from './first-lines.ts';
import { type Exchange, prove } from './proof.ts';
import { AskForProof, proveSecret, type Verdict } from './prove-secret.ts';
import { createStreamTransport } from './stream.ts';

const bytes = Buffer.from('0123456789abcdef0123456789abcdef');
const secrets = [
  { name: 'old', bytes: Buffer.alloc(32, 'old') },
  { name: 'new', bytes },
];
const handshakeMs = 5000;

const server = createServer({ allowHalfOpen: true, noDelay: true });
before(async () => void (await once(server.listen(0, '127.0.0.1'), 'listening')));
after(() => server.close());

async function pair(): Promise<{ near: Socket; far: Socket }> {
  const { port } = server.address() as { port: number };
  const near = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const [far] = (await once(server, 'connection')) as [Socket];
  for (const socket of [near, far]) socket.on('error', () => {});
  return { near, far };
}

/** Lines that a socket hears, one after the other; undefined at its end. */
function linesOf(socket: Socket): { next(): Promise<string | undefined> } {
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let text = '';
  return {
    async next() {
      while (!text.includes('\n')) {
        const { done, value } = await chunks.next();
        if (done === true) return undefined;
        text += value;
      }
      const line = text.slice(0, text.indexOf('\n'));
      text = text.slice(line.length + 1);
      return line;
    },
  };
}

const jsonOf = async (line: Promise<string | undefined>) => JSON.parse((await line) ?? 'null');
const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
const opening = (nonce: string, more: object = {}): string =>
  line({ jsonrpc: '2.0', id: 'a', method: '$/authenticate', params: { version: 1, nonce, ...more } });
const proving = (proof: unknown): string =>
  line({ jsonrpc: '2.0', id: 'b', method: '$/prove', params: { proof } });
const ours = 'ab'.repeat(32);
const refusal = { code: -32050, data: { code: 'ERR_NOT_AUTHENTICATED' } };

/** A listener, and a dialer by hand. */
async function listener(options: { clock?: ReturnType<typeof createTestClock> } = {}) {
  const { near, far } = await pair();
  const transport = createStreamTransport('far', far);
  const asking = new AskForProof(transport, secrets, { handshakeMs, ...options });
  const close = (): void => {
    near.destroy();
    far.destroy();
  };
  return { near, far, lines: linesOf(near), asking, close };
}

/** The listener's refusal, as the dialer hears it, and then its end; and what the listener has to say of it. */
async function refusedAs(
  { lines, asking, close }: Awaited<ReturnType<typeof listener>>,
  id: unknown,
): Promise<Verdict> {
  const answer = await jsonOf(lines.next());
  assert.equal(answer.id, id);
  assert.deepEqual({ code: answer.error.code, data: answer.error.data }, refusal);
  assert.match(answer.error.message, /^only callers that prove that they know the secret of this address/);
  assert.equal(await lines.next(), undefined);
  const verdict = await asking.verdict;
  close();
  return verdict;
}

testByteTransport('a transport behind the exchange', async () => {
  const { near, far } = await pair();
  const asking = new AskForProof(createStreamTransport('far', far), secrets, { handshakeMs });
  const dialled = await proveSecret(createStreamTransport('near', near), bytes, {
    address: 'x',
    handshakeMs,
  });
  const verdict = await asking.verdict;
  assert.ok(verdict.kind === 'proved');
  return { near: dialled, far: verdict.transport };
});

describe('a listener that asks for a secret', () => {
  for (const vector of readFile<
    { title: string; secret: string; binding: string; lines: { text: string }[] } & Exchange
  >('secret').filter(({ binding }) => binding === ''))
    it(`says what the vectors have: ${vector.title}`, async () => {
      const { near, far } = await pair();
      const lines = linesOf(near);
      const random = (): Uint8Array => Buffer.from(vector.listener, 'hex');
      const known = [{ name: 'a', bytes: Buffer.from(vector.secret, 'hex') }];
      const asking = new AskForProof(createStreamTransport('far', far), known, { handshakeMs, random });
      for (const i of [0, 2]) {
        near.write(vector.lines[i]?.text ?? '');
        assert.equal(`${await lines.next()}\n`, vector.lines[i + 1]?.text);
      }
      assert.equal((await asking.verdict).kind, 'proved');
      near.destroy();
      far.destroy();
    });

  it('takes any of its secrets, and tells by which name it knows it', async () => {
    for (const secret of secrets) {
      const { near, far, asking, close } = await listener();
      void far;
      await proveSecret(createStreamTransport('near', near), secret.bytes, { address: 'x', handshakeMs });
      const verdict = await asking.verdict;
      assert.ok(verdict.kind === 'proved');
      assert.equal(verdict.name, secret.name);
      close();
    }
  });

  it('understands lines that come byte by byte, and loses nothing that follows them', async () => {
    const { near, lines, asking, close } = await listener();
    for (const byte of opening(ours)) {
      near.write(byte);
      await new Promise(setImmediate);
    }
    const { result } = await jsonOf(lines.next());
    const proof = prove(bytes, 'dialer', { dialer: ours, listener: result.nonce, binding: '' });
    for (const byte of proving(proof)) {
      near.write(byte);
      await new Promise(setImmediate);
    }
    near.end('and this');
    const verdict = await asking.verdict;
    assert.ok(verdict.kind === 'proved');
    const { promise, resolve } = Promise.withResolvers<void>();
    let heard = '';
    verdict.transport.start({
      data(chunk) {
        heard += Buffer.from(chunk);
      },
      end: resolve,
      drain() {},
      close() {},
    });
    await promise;
    assert.equal(heard, 'and this');
    close();
  });

  it('refuses each wrong proof in the same words, having compared it in constant time with every secret', async () => {
    const compare = mock.method(process.getBuiltinModule('node:crypto'), 'timingSafeEqual');
    try {
      const wrong: ((exchange: Exchange) => unknown)[] = [
        (exchange) => prove(Buffer.alloc(32, 'another'), 'dialer', exchange),
        // What the listener itself would say.
        (exchange) => prove(bytes, 'listener', exchange),
        (exchange) => prove(bytes, 'dialer', { ...exchange, dialer: exchange.listener }),
        (exchange) => prove(bytes, 'dialer', { ...exchange, binding: ours }),
        (exchange) => prove(bytes, 'dialer', exchange).slice(2),
        (exchange) => prove(bytes, 'dialer', exchange).toUpperCase(),
        (exchange) => exchange.listener,
        () => undefined,
        () => null,
        () => [],
      ];
      for (const make of wrong) {
        const open = await listener();
        open.near.write(opening(ours));
        const { result } = await jsonOf(open.lines.next());
        compare.mock.resetCalls();
        open.near.write(proving(make({ dialer: ours, listener: result.nonce, binding: '' })));
        assert.deepEqual(await refusedAs(open, 'b'), { kind: 'refused', why: 'wrong proof' });
        assert.equal(compare.mock.callCount(), secrets.length);
      }
    } finally {
      compare.mock.restore();
    }
  });

  it('refuses an exchange that somebody has recorded and says again', async () => {
    const said: Buffer[] = [];
    const first = await listener();
    const write = first.near.write.bind(first.near);
    first.near.write = ((chunk: string) => {
      said.push(Buffer.from(chunk));
      return write(chunk);
    }) as Socket['write'];
    first.near.write(opening(ours));
    const { result } = await jsonOf(first.lines.next());
    first.near.write(proving(prove(bytes, 'dialer', { dialer: ours, listener: result.nonce, binding: '' })));
    await first.lines.next();
    assert.equal((await first.asking.verdict).kind, 'proved');
    first.close();

    const again = await listener();
    again.near.write(said[0] as Buffer);
    await again.lines.next();
    again.near.write(said[1] as Buffer);
    assert.equal((await refusedAs(again, 'b')).kind, 'refused');
  });

  it('says nothing over which secrets could be tried out before the caller has proved his', async () => {
    const { near, lines, asking, close } = await listener();
    near.write(opening(ours));
    assert.deepEqual(Object.keys((await jsonOf(lines.next())).result), ['version', 'nonce']);
    near.end();
    assert.deepEqual(await jsonOf(lines.next()).then(({ error }) => error.code), -32050);
    assert.deepEqual(await asking.verdict, { kind: 'refused', why: 'ended' });
    close();
  });

  it('never asks with the same nonce twice', async () => {
    const nonces = new Set<string>();
    for (let i = 0; i < 10; i++) {
      const { near, lines, close } = await listener();
      near.write(opening(ours));
      nonces.add((await jsonOf(lines.next())).result.nonce);
      close();
    }
    assert.equal(nonces.size, 10);
  });

  it('takes something else, or too long a line, in the place of a proof for a wrong one', async () => {
    for (const words of [
      '\xff\xff\n',
      'GET / HTTP/1.1\r\n',
      `{"${'x'.repeat(maxLineBytes)}`,
      '{}\n',
      '{"a":\n',
    ]) {
      const open = await listener();
      open.near.write(opening(ours));
      await open.lines.next();
      open.near.write(words);
      assert.deepEqual(await refusedAs(open, null), { kind: 'refused', why: 'wrong proof' });
    }
  });

  it('hands whoever begins otherwise on as a stranger, from his first byte', async () => {
    for (const words of [
      '{"jsonrpc":"2.0","id":1,"method":"add","params":[1,2]}\n',
      'Content-Length: 2\r\n\r\n{}',
      '\xffKN\x01',
      ' {}\n',
      `{"${'x'.repeat(maxLineBytes)}`,
      opening('ab'),
      opening(ours.toUpperCase()),
      opening(ours, { version: 0 }),
      opening(ours, { version: '1' }),
      opening(ours).replace('"a"', 'null'),
      opening(ours).replace('2.0', '1.0'),
    ]) {
      const { near, asking, close } = await listener();
      near.write(words, 'latin1');
      const verdict = await asking.verdict;
      assert.ok(verdict.kind === 'refused' && verdict.why === 'stranger');
      const { promise, resolve } = Promise.withResolvers<string>();
      let heard = '';
      verdict.stranger?.start({
        data(chunk) {
          heard += Buffer.from(chunk).toString('latin1');
          if (heard.length >= words.length) resolve(heard);
        },
        end() {},
        drain() {},
        close() {},
      });
      assert.equal(await promise, words);
      close();
    }
  });

  it('refuses what comes late, wherever in the exchange it stands still', async () => {
    for (const words of [
      '',
      opening(ours).slice(0, 20),
      opening(ours),
      `${opening(ours)}${proving(ours).slice(0, 20)}`,
    ]) {
      const clock = createTestClock();
      const open = await listener({ clock });
      if (words !== '') {
        open.near.write(words);
        await once(open.far, 'data');
      }
      if (words.includes('\n')) await open.lines.next();
      await clock.advance(handshakeMs - 1);
      await clock.advance(1);
      assert.deepEqual(await refusedAs(open, null), { kind: 'refused', why: 'late' });
    }
  });

  it('tells who only knocks from who breaks off', async () => {
    for (const [words, why] of [
      ['', 'said nothing'],
      ['{', 'ended'],
      [opening(ours).trim(), 'ended'],
    ] as const) {
      const open = await listener();
      open.near.end(words);
      assert.deepEqual(await refusedAs(open, null), { kind: 'refused', why });
    }
  });
});

describe('a dialer with a secret', () => {
  /** A listener by hand, which answers the lines of the dialer one after the other. */
  async function dialled(
    answers: ((message: { id: number; params: Record<string, string> }) => string | undefined)[],
    options: { clock?: ReturnType<typeof createTestClock>; signal?: AbortSignal } = {},
  ): Promise<KindredError> {
    const { near, far } = await pair();
    const lines = linesOf(far);
    const dialling = proveSecret(createStreamTransport('near', near), bytes, {
      address: 'tcp://there:1',
      handshakeMs,
      ...options,
    });
    dialling.catch(() => {});
    for (const answer of answers) {
      const words = answer(await jsonOf(lines.next()));
      if (words === undefined) far.destroy();
      else far.write(words);
    }
    await options.clock?.advance(handshakeMs);
    const error = await dialling.then(
      () => assert.fail('should have failed'),
      (reason) => reason as KindredError,
    );
    far.resume();
    if (!far.closed)
      await new Promise((resolve) => (near.closed ? resolve(undefined) : near.once('close', resolve)));
    far.destroy();
    assert.equal(error.outcome, 'not-sent');
    return error;
  }

  const theirs = 'cd'.repeat(32);
  const answered = ({ id }: { id: number }): string =>
    line({ jsonrpc: '2.0', id, result: { version: 1, nonce: theirs } });

  it('goes on with nobody who has not proved the same', async () => {
    let own = '';
    for (const proof of [
      // Its own proof, given back.
      (message: { params: Record<string, string> }) => message.params['proof'],
      () => prove(Buffer.alloc(32, 'another'), 'listener', { dialer: own, listener: theirs, binding: '' }),
      () => theirs,
      () => undefined,
    ]) {
      const error = await dialled([
        (message) => {
          own = message.params['nonce'] as string;
          return answered(message);
        },
        (message) => line({ jsonrpc: '2.0', id: message.id, result: { proof: proof(message) } }),
      ]);
      assert.equal(error.code, 'ERR_NOT_AUTHENTICATED');
      assert.equal(error.retryable, false);
      assert.match(error.message, /tcp:\/\/there:1 has not proved that it knows the secret/);
    }
  });

  it('says no proof to who answers as if there were no such thing, and names the mend', async () => {
    for (const answer of [
      ({ id }: { id: number }) =>
        line({ jsonrpc: '2.0', id, error: { code: -32601, message: 'no such method' } }),
      () => line({ jsonrpc: '2.0', id: null, error: { code: -32600, message: 'no request' } }),
      ({ id }: { id: number }) => line({ jsonrpc: '2.0', id, result: { version: 2, nonce: theirs } }),
      ({ id }: { id: number }) => line({ jsonrpc: '2.0', id, result: { version: 1, nonce: `${theirs}\n` } }),
      () => 'HTTP/1.1 400 Bad Request\r\n\r\n',
      () => `{"${'x'.repeat(maxLineBytes)}`,
    ]) {
      const error = await dialled([answer]);
      assert.equal(error.code, 'ERR_NOT_AUTHENTICATED');
      assert.match(error.message, /was started without one, or with another/);
    }
  });

  it('tells a refusal of its proof, and one for want of room, apart', async () => {
    const refused = await dialled([
      answered,
      ({ id }) => line({ jsonrpc: '2.0', id, error: { message: 'no', ...refusal } }),
    ]);
    assert.equal(refused.code, 'ERR_NOT_AUTHENTICATED');
    assert.match(refused.message, /does not know our secret/);
    const full = await dialled([
      () =>
        line({
          jsonrpc: '2.0',
          id: null,
          error: { code: -32600, message: 'full', data: { code: 'ERR_LIMIT' } },
        }),
    ]);
    assert.equal(full.code, 'ERR_LIMIT');
  });

  it('may try again where the other end hangs up, or does not answer in time', async () => {
    const gone = await dialled([() => undefined]);
    assert.deepEqual([gone.code, gone.retryable], ['ERR_NOT_REACHABLE', true]);
    const late = await dialled([answered, () => '{"jsonrpc":'], { clock: createTestClock() });
    assert.deepEqual([late.code, late.retryable], ['ERR_TIMEOUT', true]);
  });

  it('gives up when its signal fires', async () => {
    const stop = new AbortController();
    const error = await dialled(
      [
        (message) => {
          queueMicrotask(() => stop.abort());
          return answered(message);
        },
      ],
      { signal: stop.signal },
    );
    assert.equal(error.code, 'ERR_CANCELLED');
  });
});
