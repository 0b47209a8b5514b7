/** Callers that prove that they know a secret, which is never sent; and what they may do, by who they are. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accessRule, connect, currentCall, serve } from 'kindred';
import * as math from './hello/math.ts';

const folder = mkdtempSync(join(tmpdir(), 'kindred-example-'));

// #region file
const secret = { file: join(folder, 'math.secret'), create: true };
const server = await serve('tcp://0.0.0.0:0', math, { secret });

const { port } = new URL(server.address);
const peer = await connect<typeof math>(`tcp://127.0.0.1:${port}`, { secret });
assert.equal(await peer.call.add(1, 2), 3);
// #endregion
assert.equal(statSync(secret.file).mode & 0o777, 0o600);

// #region refused
const stranger = connect(`tcp://127.0.0.1:${port}`, { secret: 'a secret that I have made up' });
await assert.rejects(stranger, { code: 'ERR_NOT_AUTHENTICATED' });
// #endregion
await peer.close();
await server.close();

// In earnest they come from files, too.
const [ofBilling, ofTheWeb] = ['b'.repeat(32), 'w'.repeat(32)];

// #region names
const accounts = {
  balance: () => 100,
  charge: (amount: number) => `${currentCall().peer.identity?.secret?.name} has charged ${amount}`,
};
const bank = await serve('tcp://127.0.0.1:0', accounts, {
  secrets: { billing: ofBilling, web: ofTheWeb },
  middleware: [
    accessRule(
      ({ method, peer }) =>
        method !== 'charge' || peer.identity?.secret?.name === 'billing' || 'only billing may charge',
    ),
  ],
});
const billing = await connect<typeof accounts>(bank.address, { secret: ofBilling });
assert.equal(await billing.call.charge(5), 'billing has charged 5');

const web = await connect<typeof accounts>(bank.address, { secret: ofTheWeb });
assert.equal(await web.call.balance(), 100);
await assert.rejects(web.call.charge(5), { code: 'ERR_FORBIDDEN', message: /only billing may charge/ });
// #endregion
await Promise.all([billing.close(), web.close(), bank.close()]);
rmSync(folder, { recursive: true });
