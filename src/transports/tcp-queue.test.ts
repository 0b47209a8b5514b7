import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { it } from 'node:test';
import { unconfirmedBytes } from './tcp-queue.ts';

const head =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const row = (from: string, to: string, state: string, queues: string): string =>
  `   0: ${from} ${to} ${state} ${queues} 01:00000014 00000000     0        0 42 1 0 20 4 30 10 -1\n`;

it('finds the bytes that the other machine has not confirmed, by the two ports', () => {
  const table =
    head +
    row('0100007F:1F90', '00000000:0000', '0A', '00000000:00000000') +
    row('0100007F:1F90', '0200007F:C000', '01', '00000000:00000007') +
    row('0100007F:1F90', '0200007F:C001', '01', '0000002A:00000000') +
    row('0200007F:C001', '0100007F:1F90', '01', '00000003:00000000');
  const read = (path: string): string => (path.endsWith('6') ? head : table);
  assert.equal(unconfirmedBytes({ localPort: 8080, remotePort: 0xc000 }, read), 0);
  assert.equal(unconfirmedBytes({ localPort: 8080, remotePort: 0xc001 }, read), 42);
  assert.equal(unconfirmedBytes({ localPort: 0xc001, remotePort: 8080 }, read), 3);
});

it('does not guess', () => {
  const twice = head + row('0100007F:1F90', '0200007F:C000', '01', '00000000:00000000');
  assert.equal(
    unconfirmedBytes({ localPort: 8080, remotePort: 0xc000 }, () => twice),
    undefined,
  );
  assert.equal(
    unconfirmedBytes({ localPort: 8080, remotePort: 0xc000 }, () => ''),
    undefined,
  );
  assert.equal(unconfirmedBytes({ localPort: 8080, remotePort: undefined }), undefined);
});

it('is told by the system', {
  skip: process.platform !== 'linux' && 'only Linux has such a table',
}, async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [far] = await once(server, 'connection');
  near.write('confirmed by the kernel, though nobody reads it');
  await once(far, 'readable');
  assert.equal(unconfirmedBytes(near), 0);
  near.destroy();
  far.destroy();
  server.close();
});
