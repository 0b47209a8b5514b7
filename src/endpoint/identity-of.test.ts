import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { type Certificates, certificates } from '../../test/programs/certificates.ts';
import { accessRule } from '../rpc/middleware/access-rule.ts';
import { connect, math, rejection, secret, whoami } from './fixtures/callers.ts';
import { serve } from './serve.ts';

let files: Certificates;
before(async () => {
  files = await certificates();
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
