/** Who can reach an address, and how a port for other machines is opened: to callers with a certificate. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accessRule, connect, currentCall, serve } from 'kindred';
import { generate } from 'selfsigned';
import * as math from './hello/math.ts';

// #region refused
await assert.rejects(serve('tcp://0.0.0.0:0', math), { code: 'ERR_INSECURE_ADDRESS' });
// #endregion

// #region unix
const folder = mkdtempSync(join(tmpdir(), 'kindred-example-'));
const local = await serve(`unix:${folder}/math.sock`, math);
assert.equal(statSync(`${folder}/math.sock`).mode & 0o777, 0o600);
// #endregion
await local.close();
rmdirSync(folder);

const { ca, server: serverFiles, caller } = await certificates();

// #region tls
const server = await serve('tls://0.0.0.0:0', math, {
  tls: { ca, cert: serverFiles.cert, key: serverFiles.key, requestCert: true },
});
const { port } = new URL(server.address);
const peer = await connect<typeof math>(`tls://127.0.0.1:${port}`, {
  tls: { ca, cert: caller.cert, key: caller.key },
});
assert.equal(await peer.call.add(1, 2), 3);
// #endregion

// #region identity
const whoami = { whoami: () => currentCall().peer.identity?.certificate?.subject['CN'] };
const named = await serve('tls://127.0.0.1:0', whoami, {
  tls: { ca, cert: serverFiles.cert, key: serverFiles.key, requestCert: true },
  middleware: [accessRule((call) => call.peer.identity?.certificate?.subject['CN'] === 'caller')],
});
const known = await connect<typeof whoami>(named.address, {
  tls: { ca, cert: caller.cert, key: caller.key },
});
assert.equal(await known.call.whoami(), 'caller');
assert.equal(known.identity?.certificate?.subject['CN'], 'server');
// #endregion
await known.close();
await named.close();

// #region stranger
const stranger = await connect<typeof math>(`tls://127.0.0.1:${port}`, { tls: { ca } });
await assert.rejects(stranger.call.add(1, 2), { code: 'ERR_PEER_GONE' });
// #endregion
await stranger.close();
await peer.close();
await server.close();

/** An authority of one's own, and two that it vouches for. In earnest these are files, made once. */
async function certificates() {
  const ec = { keyType: 'ec', algorithm: 'sha256' } as const;
  const authority = await generate([{ name: 'commonName', value: 'example' }], {
    ...ec,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  const of = async (value: string) => {
    const made = await generate([{ name: 'commonName', value }], {
      ...ec,
      ca: { cert: authority.cert, key: authority.private },
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
    });
    return { cert: made.cert, key: made.private };
  };
  return { ca: authority.cert, server: await of('server'), caller: await of('caller') };
}
