// Secrets that both ends prove to each other, through the front door: serve and connect, listen and dial.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { type Certificates, certificates } from '../../test/programs/certificates.ts';
import { accessRule } from '../rpc/middleware/access-rule.ts';
import { another, anyPort, connect, math, refusals, rejection, secret, whoami } from './fixtures/callers.ts';
import { dial, listen } from './messages.ts';
import { type ServeOptions, serve } from './serve.ts';

const directory = mkdtempSync(join(tmpdir(), 'kindred-door-'));
process.env['KINDRED_RUNTIME_DIR'] = join(directory, 'run');
after(() => rmSync(directory, { recursive: true }));

let files: Certificates;
before(async () => {
  files = await certificates();
});

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
