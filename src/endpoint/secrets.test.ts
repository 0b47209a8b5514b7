// Callers that prove who they are, through the front door: serve and connect, listen and dial.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { type Certificates, certificates } from '../../test/programs/certificates.ts';
import type { KindredError } from '../base/errors.ts';
import { accessRule } from '../rpc/middleware/access-rule.ts';
import type { Peer } from '../rpc/peer.ts';
import { type ConnectOptions, connect as connectTo } from './connect.ts';
import { dial, listen } from './messages.ts';
import { currentCall } from './runtime.ts';
import { type ServeOptions, serve } from './serve.ts';

/** None of them comes back: what is tested is the end, too. */
function connect<Remote = unknown>(
  target: Parameters<typeof connectTo>[0],
  options: ConnectOptions = {},
): Promise<Peer<Remote>> {
  const lasts = typeof target === 'string' && /^(?:tcp|tls|unix|local):/.test(target);
  return connectTo<Remote>(target, lasts ? { reconnect: false, ...options } : options);
}

const secret = '0123456789abcdef0123456789abcdef';
const another = 'fedcba9876543210fedcba9876543210';
const anyPort = 'tcp://127.0.0.1:0';
const math = { add: (a: number, b: number) => a + b };
const whoami = { whoami: () => currentCall().peer.identity };

const rejection = async (work: Promise<unknown>): Promise<KindredError> =>
  work.then(
    () => assert.fail('should have failed'),
    (error) => error as KindredError,
  );

const directory = mkdtempSync(join(tmpdir(), 'kindred-door-'));
process.env['KINDRED_RUNTIME_DIR'] = join(directory, 'run');
after(() => rmSync(directory, { recursive: true }));

let files: Certificates;
before(async () => {
  files = await certificates();
});

interface Refusal {
  address: string;
  from: string;
  why: string;
}

/** What is told of callers that were refused while `work` runs, of one address. */
async function refusals(work: (heard: Refusal[]) => Promise<void>): Promise<Refusal[]> {
  const heard: Refusal[] = [];
  const hear = (event: unknown): void => void heard.push(event as Refusal);
  subscribe('kindred:caller.refused', hear);
  try {
    await work(heard);
  } finally {
    unsubscribe('kindred:caller.refused', hear);
  }
  return heard;
}

/** Says it over a raw connection, and gives back all that is answered until the end. */
async function said(address: string, words: string | Uint8Array): Promise<string> {
  const socket = rawTo(address);
  socket.write(words);
  return endOf(socket);
}

function rawTo(address: string): Socket {
  const { port } = new URL(address);
  return connectSocket({ port: Number(port), host: '127.0.0.1' }).on('error', () => {});
}

async function endOf(socket: Socket): Promise<string> {
  let heard = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    heard += chunk;
  });
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  return heard;
}

let count = 0;
for (const scheme of ['tcp', 'unix', 'local', 'abstract'])
  describe(`a secret at ${scheme}`, { skip: scheme === 'abstract' && process.platform !== 'linux' }, () => {
    const free = (): string => {
      const name = `secret-test-${process.pid}-${++count}`;
      if (scheme === 'tcp') return anyPort;
      if (scheme === 'abstract') return `unix:@${name}`;
      return scheme === 'unix' ? `unix:${directory}/${name}.sock` : `local:${name}`;
    };
    const open = (): ServeOptions => (scheme === 'abstract' ? { allowAnyone: true } : {});

    it('lets in who knows it, and both ends know that of each other', async () => {
      const server = await serve(free(), { ...math, ...whoami }, { secret });
      const peer = await connect<typeof math & typeof whoami>(server.address, { secret });
      const identity = { secret: { name: 'default' } };
      assert.equal(await peer.call.add(1, 2), 3);
      assert.deepEqual(await peer.call.whoami(), identity);
      assert.deepEqual(peer.identity, identity);
      assert.equal(peer.kindred, true);
      await server.close();
    });

    it('refuses who knows another one, with an error that names the mend', async () => {
      const server = await serve(free(), math, { secret });
      const refused = await refusals(async () => {
        const error = await rejection(connect(server.address, { secret: another }));
        assert.equal(error.code, 'ERR_NOT_AUTHENTICATED');
        assert.equal(error.retryable, false);
        assert.match(error.message, /does not know our secret: give one of its own/);
      });
      assert.deepEqual(
        refused.map(({ from, why }) => [from, why]),
        [[scheme === 'tcp' ? '127.0.0.1' : '', 'wrong proof']],
      );
      assert.equal(server.peers.size, 0);
      await server.close();
    });

    it('is missed clearly by who has none', async () => {
      const server = await serve(free(), math, { secret });
      const work = async (): Promise<unknown> => {
        const peer = await connect<typeof math>(server.address);
        assert.equal(peer.identity, undefined);
        return peer.call.add(1, 2).finally(() => peer.close());
      };
      const error = await rejection(work());
      assert.equal(error.code, 'ERR_NOT_AUTHENTICATED');
      assert.match(error.message, /give it as \{ secret \}/);
      await server.close();
    });

    it('is missed clearly where the server has none', async () => {
      const server = await serve(free(), math, open());
      const error = await rejection(connect(server.address, { secret }));
      assert.equal(error.code, 'ERR_NOT_AUTHENTICATED');
      assert.match(error.message, /has not proved that it knows the secret: it was started without one/);
      assert.equal(error.outcome, 'not-sent');
      await server.close();
    });

    it('guards channels of plain messages as well', async () => {
      const server = await listen(
        free(),
        async (channel) => {
          for await (const message of channel) await channel.send([message, channel.identity]);
        },
        { secret },
      );
      const channel = await dial(server.address, { secret });
      await channel.send('hello');
      const { value } = await channel[Symbol.asyncIterator]().next();
      assert.deepEqual(value, ['hello', { secret: { name: 'default' } }]);
      assert.deepEqual(channel.identity, { secret: { name: 'default' } });
      assert.equal(
        (await rejection(dial(server.address, { secret: another }))).code,
        'ERR_NOT_AUTHENTICATED',
      );
      await server.close();
    });
  });

describe('a secret', () => {
  it('goes no way over the connection', async () => {
    const server = await serve(anyPort, math, { secret });
    const heard: Buffer[] = [];
    const stream = connectSocket(Number(new URL(server.address).port), '127.0.0.1');
    stream.on('data', (chunk: Buffer) => heard.push(chunk));
    const write = stream.write.bind(stream);
    stream.write = ((chunk: string | Uint8Array, ...more: []) => {
      heard.push(Buffer.from(chunk as string));
      return write(chunk, ...more);
    }) as typeof stream.write;
    const peer = await connect<typeof math>(stream, { secret });
    assert.equal(await peer.call.add(1, 2), 3);
    const all = Buffer.concat(heard);
    assert.ok(all.includes('$/prove'));
    assert.ok(!all.includes(secret) && !all.includes(Buffer.from(secret).toString('hex')));
    await server.close();
  });

  it('opens a port that others can reach', async () => {
    for (const scheme of ['tcp', 'tls']) {
      const tls = scheme === 'tls' ? { tls: files.server } : {};
      const everywhere = `${scheme}://0.0.0.0:0`;
      assert.equal((await rejection(serve(everywhere, math, tls))).code, 'ERR_INSECURE_ADDRESS');
      const server = await serve(everywhere, math, { ...tls, secret });
      const peer = await connect<typeof math>(server.address.replace('0.0.0.0', '127.0.0.1'), {
        tls: { ca: files.authority.cert },
        secret,
      });
      assert.equal(await peer.call.add(1, 2), 3);
      await server.close();
    }
  });

  it('is one of several, whose name is who is calling; the old one is taken away when nobody has it any more', async () => {
    const server = await serve(anyPort, whoami, { secrets: { billing: secret, web: another } });
    for (const [name, own] of Object.entries({ billing: secret, web: another })) {
      const peer = await connect<typeof whoami>(server.address, { secret: own });
      assert.deepEqual(await peer.call.whoami(), { secret: { name } });
    }
    await server.close();
    const next = await serve(anyPort, whoami, { secret, secrets: { next: another } });
    const peer = await connect<typeof whoami>(next.address, { secret });
    assert.deepEqual(await peer.call.whoami(), { secret: { name: 'default' } });
    await next.close();
  });

  it('tells an access rule who is calling', async () => {
    const server = await serve(anyPort, math, {
      secrets: { admin: secret, guest: another },
      middleware: [accessRule(({ peer }) => peer.identity?.secret?.name === 'admin' || 'only the admin may')],
    });
    const [admin, guest] = await Promise.all(
      [secret, another].map((own) => connect<typeof math>(server.address, { secret: own })),
    );
    assert.equal(await admin?.call.add(1, 2), 3);
    const error = await rejection(guest?.call.add(1, 2) ?? Promise.resolve());
    assert.equal(error.code, 'ERR_FORBIDDEN');
    assert.match(error.message, /only the admin may/);
    await server.close();
  });

  it('is kept in a file that the server makes and the client reads, also a client that comes first', async () => {
    const kept = { file: join(directory, 'made.secret'), create: true };
    const address = 'local:secret-in-a-file';
    const early = connect<typeof math>(address, { secret: kept, waitMs: 20_000 });
    const server = await serve(address, math, { secret: kept });
    assert.equal(await (await early).call.add(1, 2), 3);
    await server.close();
  });

  it('that was forgotten opens no door, and sends nothing', async () => {
    const none = undefined as unknown as string;
    for (const work of [
      () => serve(anyPort, math, { secret: none }),
      () => serve(anyPort, math, { secrets: none as never }),
      () => serve(anyPort, math, { secrets: {} }),
      () => serve(anyPort, math, { secrets: { a: none } }),
      () => serve(anyPort, math, { secret: '' }),
      () => serve(anyPort, math, { secret, secrets: { same: secret } }),
      () => listen(anyPort, () => {}, { secret: none }),
      () => connect('tcp://127.0.0.1:1', { secret: none }),
      () => dial('tcp://127.0.0.1:1', { secret: none }),
      () => connect('tcp://127.0.0.1:1', { secret: '' }),
    ])
      assert.equal((await rejection(work())).code, 'ERR_BAD_ARGUMENT');
  });

  it('is for addresses that others can dial, and for open streams', async () => {
    for (const work of [
      () => serve('memory:with-a-secret', math, { secret }),
      () => serve('stdio:', math, { secret }),
      () => serve(new PassThrough(), math, { secret }),
      () => connect('memory:with-a-secret', { secret }),
      () => connect('parent:', { secret }),
      () => connect('stdio:', { secret }),
      () => connect(new MessageChannel().port1 as never, { secret }),
    ])
      assert.equal((await rejection(work())).code, 'ERR_NOT_SUPPORTED');
  });

  it('that nobody answers for is given up in time', async () => {
    const server = await listen(anyPort, async (channel) => void (await channel.closed));
    const error = await rejection(connect(server.address, { secret, limits: { handshakeMs: 50 } }));
    assert.equal(error.code, 'ERR_TIMEOUT');
    await server.close();
  });
});

describe('a stranger at a door with a secret', () => {
  it('is told no in the dialect that he speaks, whatever he says; a browser is told nothing', async () => {
    const server = await serve(anyPort, math, { secret, limits: { maxFailedProofs: 100 } });
    const call = '{"jsonrpc":"2.0","id":1,"method":"add","params":[1,2]}';
    for (const [words, answer] of [
      [`${call}\n`, /^\{"jsonrpc":"2.0","id":null,"error":\{.*ERR_NOT_AUTHENTICATED.*\}\n$/],
      [`[${call}]\n`, /ERR_NOT_AUTHENTICATED/],
      [
        `Content-Length: ${call.length}\r\n\r\n${call}`,
        /^Content-Length: \d+\r\n\r\n\{.*ERR_NOT_AUTHENTICATED/,
      ],
      ['GET / HTTP/1.1\r\n\r\n', /^$/],
      [`{"x":"${'y'.repeat(20_000)}`, /^\{.*"error"/],
      [Buffer.from('\xff\xff\xff\xff', 'latin1'), /^/],
    ] as const)
      assert.match(await said(server.address, words), answer);
    assert.equal(server.peers.size, 0);
    const peer = await connect<typeof math>(server.address, { secret });
    assert.equal(await peer.call.add(1, 2), 3);
    await server.close();
  });

  it('who speaks binary is told no in binary', async () => {
    const server = await serve(anyPort, math, { secret });
    const peer = await connect<typeof math>(server.address, { dialect: 'binary' });
    assert.equal((await rejection(peer.call.add(1, 2))).code, 'ERR_NOT_AUTHENTICATED');
    await server.close();
  });

  it('who says nothing is closed when the time is over', async () => {
    const server = await serve(anyPort, math, { secret, limits: { handshakeMs: 50 } });
    const heard = await refusals(async () => {
      assert.match(await endOf(rawTo(server.address)), /ERR_NOT_AUTHENTICATED/);
    });
    assert.deepEqual(heard, [{ address: anyPort, from: '127.0.0.1', why: 'late' }]);
    await server.close();
  });

  it('loses his connection when the server closes', async () => {
    const server = await serve(anyPort, math, { secret });
    const socket = rawTo(server.address);
    socket.write('{');
    await once(socket, 'connect');
    const peer = await connect<typeof math>(server.address, { secret });
    await server.close();
    await endOf(socket);
    await peer.closed;
  });

  it('keeps no process alive whose server does not', async () => {
    const program = `
      import { serve } from 'kindred';
      const server = await serve('tcp://127.0.0.1:0', {}, { secret: ${JSON.stringify(secret)} });
      console.log(server.address);
      process.stdin.once('data', () => {
        process.stdin.destroy();
        server.unref();
      });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    const [address] = await once(child.stdout, 'data');
    const socket = rawTo(String(address).trim());
    await once(socket, 'connect');
    child.stdin.end('go');
    assert.deepEqual(await ended, [0, null]);
    socket.destroy();
  });

  it('is not heard any more once too many proofs have failed from his address; who is inside stays', async () => {
    const server = await serve(anyPort, math, { secret, limits: { maxFailedProofs: 3 } });
    const inside = await connect<typeof math>(server.address, { secret });
    // A probe whether the port is open is no attempt.
    for (let i = 0; i < 5; i++) await endOf(rawTo(server.address).end());
    const heard = await refusals(async () => {
      for (let i = 0; i < 3; i++)
        assert.equal(
          (await rejection(connect(server.address, { secret: another }))).code,
          'ERR_NOT_AUTHENTICATED',
        );
      const error = await rejection(connect(server.address, { secret }));
      assert.deepEqual([error.code, error.retryable], ['ERR_NOT_REACHABLE', true]);
      assert.match(error.message, /where too many proofs have failed/);
      assert.equal(await inside.call.add(1, 2), 3);
    });
    assert.deepEqual(
      heard.map(({ why }) => why),
      ['wrong proof', 'wrong proof', 'wrong proof', 'shut'],
    );
    await server.close();
  });
});

describe('connections from one address', () => {
  it('are bounded, and one more is told so', async () => {
    const server = await serve(anyPort, math, { limits: { maxConnectionsPerAddress: 2 } });
    const peers = await Promise.all([1, 2].map(() => connect<typeof math>(server.address)));
    for (const peer of peers) assert.equal(await peer.call.add(1, 2), 3);
    const third = await connect<typeof math>(server.address);
    const error = await rejection(third.call.add(1, 2));
    assert.equal(error.code, 'ERR_LIMIT');
    assert.match(error.message, /maxConnectionsPerAddress \(2\)/);
    await peers[0]?.close();
    await third.closed;
    while (server.peers.size > 1) await new Promise(setImmediate);
    const fourth = await connect<typeof math>(server.address, { waitMs: 5000 });
    assert.equal(await fourth.call.add(1, 2), 3);
    await server.close();
  });

  it('are not counted where there is no address', async () => {
    const server = await serve(`unix:${directory}/uncounted.sock`, math, {
      limits: { maxConnectionsPerAddress: 1 },
    });
    const peers = await Promise.all([1, 2, 3].map(() => connect<typeof math>(server.address)));
    for (const peer of peers) assert.equal(await peer.call.add(1, 2), 3);
    await server.close();
  });
});

describe('a certificate', () => {
  const serverTls = () => ({ ...files.server, ca: files.authority.cert, requestCert: true });
  const clientTls = () => ({ ...files.client, ca: files.authority.cert });
  const anyTls = 'tls://127.0.0.1:0';

  it('that was verified is who is there, on both sides', async () => {
    const server = await serve(anyTls, whoami, { tls: serverTls() });
    const peer = await connect<typeof whoami>(server.address, { tls: clientTls() });
    const caller = (await peer.call.whoami())?.certificate;
    assert.equal(caller?.subject['CN'], 'client');
    assert.equal(caller?.issuer['CN'], 'authority');
    assert.match(caller?.fingerprint256 ?? '', /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    assert.equal(peer.identity?.certificate?.subject['CN'], 'server');
    assert.equal(peer.identity?.certificate?.subjectAltName, 'DNS:localhost, IP Address:127.0.0.1');
    assert.equal(peer.identity?.secret, undefined);
    assert.deepEqual(structuredClone(peer.identity), peer.identity);
    await server.close();
  });

  it('that was not asked for, or that was not found good, is nobody', async () => {
    const server = await serve(anyTls, whoami, { tls: files.server });
    const peer = await connect<typeof whoami>(server.address, { tls: { rejectUnauthorized: false } });
    assert.equal(await peer.call.whoami(), undefined);
    assert.equal(peer.identity, undefined);
    await server.close();
    const lax = await serve(anyTls, whoami, { tls: { ...serverTls(), rejectUnauthorized: false } });
    const unknown = await connect<typeof whoami>(lax.address, {
      tls: {
        ...files.authority,
        ca: files.authority.cert,
        ...files.server,
        checkServerIdentity: () => undefined,
      },
    });
    assert.equal((await unknown.call.whoami())?.certificate?.subject['CN'], 'server');
    const none = await connect<typeof whoami>(lax.address, { tls: { ca: files.authority.cert } });
    assert.equal(await none.call.whoami(), undefined);
    await lax.close();
  });

  it('tells an access rule who is calling', async () => {
    const server = await serve(anyTls, math, {
      tls: serverTls(),
      middleware: [accessRule(({ peer }) => peer.identity?.certificate?.subject['CN'] === 'client')],
    });
    const client = await connect<typeof math>(server.address, { tls: clientTls() });
    assert.equal(await client.call.add(1, 2), 3);
    const other = await connect<typeof math>(server.address, { tls: { ...clientTls(), ...files.server } });
    assert.equal((await rejection(other.call.add(1, 2))).code, 'ERR_FORBIDDEN');
    await server.close();
  });

  it('and a secret are both proved', async () => {
    const server = await serve(anyTls, whoami, { tls: serverTls(), secret });
    const peer = await connect<typeof whoami>(server.address, { tls: clientTls(), secret });
    const identity = await peer.call.whoami();
    assert.deepEqual([identity?.secret?.name, identity?.certificate?.subject['CN']], ['default', 'client']);
    await server.close();
  });
});

describe('a secret over TLS', () => {
  const tls = () => ({ tls: { ca: files.authority.cert } });

  it('is proved for this connection alone: somebody in the middle cannot pass it on', async () => {
    const server = await serve('tls://127.0.0.1:0', math, { tls: files.server, secret });
    const passing = createTlsServer(files.server, (near) => {
      const far = connectTls({
        port: Number(new URL(server.address).port),
        host: '127.0.0.1',
        ca: files.authority.cert,
      });
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) socket.on('error', () => {});
    });
    await once(passing.listen(0, '127.0.0.1'), 'listening');
    const { port } = passing.address() as { port: number };
    const heard = await refusals(async () => {
      const error = await rejection(connect(`tls://127.0.0.1:${port}`, { ...tls(), secret }));
      assert.equal(error.code, 'ERR_NOT_AUTHENTICATED');
    });
    assert.deepEqual(
      heard.map(({ why }) => why),
      ['wrong proof'],
    );
    const peer = await connect<typeof math>(server.address, { ...tls(), secret });
    assert.equal(await peer.call.add(1, 2), 3);
    passing.close();
    await server.close();
  });

  it('needs TLS 1.3, to which alone a proof can be bound', async () => {
    const old = { maxVersion: 'TLSv1.2' } as const;
    const server = await serve('tls://127.0.0.1:0', math, { tls: files.server, secret });
    const refused = await rejection(connect(server.address, { tls: { ...tls().tls, ...old }, secret }));
    assert.equal(refused.code, 'ERR_NOT_AUTHENTICATED');
    await server.close();
  });
});
