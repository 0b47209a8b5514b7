import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain, createServer } from 'node:net';
import { before, test } from 'node:test';
import { connect } from 'node:tls';
import { generate } from 'selfsigned';
import { createEar, testByteTransport } from '../../test/suites/byte-transport.ts';
import type { ByteTransport } from '../channel/transport.ts';
import { parseAddress } from './address.ts';
import type { HostAndPort } from './tcp.ts';
import { type DialTlsOptions, dialTls, type ListenTlsOptions, listenTls } from './tls.ts';

interface Identity {
  key: string;
  cert: string;
}
let authority: Identity;
let server: Identity;
let client: Identity;
let stranger: Identity;

const usual = { keyType: 'ec', algorithm: 'sha256' } as const;

before(async () => {
  const pick = ({ private: key, cert }: { private: string; cert: string }): Identity => ({ key, cert });
  const issue = (name: string, ca?: Identity) =>
    generate([{ name: 'commonName', value: name }], {
      ...usual,
      extensions:
        ca === undefined
          ? [{ name: 'basicConstraints', cA: true }]
          : [
              {
                name: 'subjectAltName',
                altNames: [
                  { type: 2, value: 'localhost' },
                  { type: 7, ip: '127.0.0.1' },
                ],
              },
            ],
      ...(ca === undefined ? {} : { ca }),
    }).then(pick);
  authority = await issue('authority');
  server = await issue('server', authority);
  client = await issue('client', authority);
  stranger = await issue('stranger');
});

const tls = (text: string) => parseAddress(text) as HostAndPort;
const authenticated = (): ListenTlsOptions => ({ tls: { ...server, ca: authority.cert, requestCert: true } });

async function listening(options: ListenTlsOptions, text = 'tls://127.0.0.1:0') {
  const waiting: ((transport: ByteTransport) => void)[] = [];
  const accepted: ByteTransport[] = [];
  const listener = await listenTls(tls(text), options, (transport) => {
    const waiter = waiting.shift();
    if (waiter === undefined) accepted.push(transport);
    else waiter(transport);
  });
  const next = (): Promise<ByteTransport> =>
    new Promise((resolve) => {
      const ready = accepted.shift();
      if (ready === undefined) waiting.push(resolve);
      else resolve(ready);
    });
  const dial = (more: DialTlsOptions = {}) =>
    dialTls(tls(listener.address), { ...more, tls: { ca: authority.cert, ...client, ...more.tls } });
  return { listener, accepted, next, dial };
}

testByteTransport(
  'tls',
  async () => {
    const { listener, next, dial } = await listening(authenticated());
    const [near, far] = await Promise.all([dial(), next()]);
    return { near, far, cleanUp: () => listener.close() };
  },
  { lastWords: false },
);

test('may be open to other machines only when callers must show a certificate of a given authority', async () => {
  for (const options of [
    { tls: server },
    { tls: { ...server, requestCert: true } },
    { tls: { ...server, requestCert: true, ca: [] } },
    { tls: { ...server, requestCert: true, ca: '' } },
    { tls: { ...server, requestCert: true, ca: null as unknown as string } },
    { tls: { ...server, requestCert: true, ca: [authority.cert, ''] } },
    { tls: { ...server, requestCert: true, ca: authority.cert, rejectUnauthorized: false } },
    { tls: { ...server, ca: authority.cert } },
  ])
    await assert.rejects(listening(options, 'tls://0.0.0.0:0'), { code: 'ERR_INSECURE_ADDRESS' });
  for (const options of [authenticated(), { tls: server, allowAnyone: true }]) {
    const { listener } = await listening(options, 'tls://0.0.0.0:0');
    await listener.close();
  }
});

test('a caller without a certificate of the authority never becomes a connection', async () => {
  const { listener, accepted, dial } = await listening(authenticated());
  const cannot = [dial({ tls: stranger }), dialTls(tls(listener.address), { tls: { ca: authority.cert } })];
  for (const dialing of cannot) {
    const near = await dialing.catch((error) => {
      assert.equal(error.code, 'ERR_NOT_REACHABLE');
      return undefined;
    });
    // TLS 1.3 tells the refusal after the hand-shake.
    if (near === undefined) continue;
    const ear = createEar();
    near.start(ear);
    await ear.until('the end', () => ear.heard.includes('end') || ear.heard.includes('close'));
    assert.equal(ear.size, 0);
    near.destroy();
  }
  assert.equal(accepted.length, 0);
  await listener.close();
});

test('strangers who send anything but TLS do the listener no harm', async () => {
  const { listener, next, dial } = await listening(authenticated());
  const { port } = tls(listener.address);
  for (const words of ['GET / HTTP/1.1\r\n\r\n', '{"jsonrpc":"2.0"}\n', '\x16\x03\x01\x00\x05hello']) {
    const plain = connectPlain(port, '127.0.0.1').resume();
    plain.on('error', () => {});
    plain.write(words);
    await new Promise((resolve) => plain.once('close', resolve));
  }
  const reset = connectPlain(port, '127.0.0.1');
  await once(reset, 'connect');
  reset.write('\x16\x03\x01');
  reset.resetAndDestroy();
  const [near, far] = await Promise.all([dial(), next()]);
  near.destroy();
  far.destroy();
  await listener.close();
});

test('a stranger who says nothing is sent away when the time for the hand-shake is over', async () => {
  const { listener } = await listening({ ...authenticated(), handshakeMs: 50 });
  const silent = connectPlain(tls(listener.address).port, '127.0.0.1').resume();
  silent.on('error', () => {});
  await new Promise((resolve) => silent.once('close', resolve));
  await listener.close();
});

test('a server whose certificate is not trusted is ERR_NOT_REACHABLE, and trying again does not help', async () => {
  const { listener } = await listening(authenticated());
  await assert.rejects(dialTls(tls(listener.address), {}), {
    code: 'ERR_NOT_REACHABLE',
    outcome: 'not-sent',
    retryable: false,
    message: /authority.* as `ca`/,
  });
  const other = tls(listener.address.replace('127.0.0.1', 'localhost'));
  await assert.rejects(dialTls(other, { tls: { ca: authority.cert, servername: 'elsewhere' } }), {
    code: 'ERR_NOT_REACHABLE',
    retryable: false,
  });
  await listener.close();
});

test('a refused hand-shake tells what to give, or where else to go', async () => {
  const { listener } = await listening(authenticated());
  const without = { ca: authority.cert, maxVersion: 'TLSv1.2' } as const;
  await assert.rejects(dialTls(tls(listener.address), { tls: without }), {
    code: 'ERR_NOT_REACHABLE',
    message: /give one .* as `cert` and `key`/,
  });
  await listener.close();
  const plain = createServer((socket) => socket.on('error', () => {}).end('220 hello\r\n'));
  plain.listen(0, '127.0.0.1');
  await once(plain, 'listening');
  const { port } = plain.address() as { port: number };
  await assert.rejects(dialTls({ kind: 'tls', host: '127.0.0.1', port }), {
    code: 'ERR_NOT_REACHABLE',
    message: /does not speak TLS: take tcp:/,
  });
  plain.close();
});

test('a server that never answers the hand-shake is given up in time', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as { port: number };
  await assert.rejects(dialTls({ kind: 'tls', host: '127.0.0.1', port }, { handshakeMs: 30 }), {
    code: 'ERR_TIMEOUT',
    outcome: 'not-sent',
    message: /hand-shake did not finish within 30 ms/,
  });
  silent.close();
});

test('a listener without a certificate, or with one that cannot be used, is ERR_BAD_ARGUMENT', async () => {
  await assert.rejects(listening({ tls: {} }), { code: 'ERR_BAD_ARGUMENT', message: /needs a certificate/ });
  await assert.rejects(listening({} as ListenTlsOptions), { code: 'ERR_BAD_ARGUMENT' });
  await assert.rejects(listening({ tls: { cert: 'no', key: 'no' } }), {
    code: 'ERR_BAD_ARGUMENT',
    message: /cannot be used/,
  });
});

test('serves any TLS client', async () => {
  const { listener, next } = await listening({ tls: server });
  const plain = connect({ port: tls(listener.address).port, host: '127.0.0.1', ca: authority.cert });
  const far = await next();
  const ear = createEar();
  far.start(ear);
  plain.end('hello');
  await ear.until('the end', () => ear.heard.includes('end'));
  assert.equal(String(ear.bytes), 'hello');
  far.end();
  await once(plain.resume(), 'close');
  await listener.close();
});
