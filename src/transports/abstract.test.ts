import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { testByteTransport } from '../../test/suites/byte-transport.ts';
import type { ByteTransport } from '../channel/transport.ts';
import { dialAbstract, listenAbstract } from './abstract.ts';
import { dialPipe, listenPipe } from './pipe.ts';

const skip = process.platform === 'linux' ? false : 'only Linux has abstract sockets';
const newName = () => `kindred-test-${randomBytes(6).toString('hex')}`;
const options = { allowAnyone: true };

if (!skip)
  testByteTransport('unix:@', async () => {
    const name = newName();
    const { promise, resolve } = Promise.withResolvers<ByteTransport>();
    const listener = await listenAbstract(name, options, resolve);
    const [near, far] = await Promise.all([dialAbstract(name), promise]);
    return { near, far, cleanUp: () => listener.close() };
  });

test('is refused without allowAnyone, because every user of the machine could connect', {
  skip,
}, async () => {
  await assert.rejects(
    listenAbstract(newName(), {}, () => {}),
    { code: 'ERR_INSECURE_ADDRESS', message: /every user of this machine.*local:NAME.*allowAnyone/ },
  );
});

test('a name is held by one server, and free when it closes', { skip }, async () => {
  const name = newName();
  const listener = await listenAbstract(name, options, () => {});
  assert.equal(listener.address, `unix:@${name}`);
  assert.match(readFileSync('/proc/net/unix', 'utf8'), new RegExp(`@${name}\n`));
  await assert.rejects(
    listenAbstract(name, options, () => {}),
    { code: 'ERR_ADDRESS_IN_USE' },
  );
  await listener.close();
  await assert.rejects(dialAbstract(name), {
    code: 'ERR_NOT_REACHABLE',
    outcome: 'not-sent',
    message: new RegExp(`unix:@${name} cannot be reached`),
  });
  await (await listenAbstract(name, options, () => {})).close();
});

test('names up to the limit of the system work, one byte more is ERR_BAD_ADDRESS', { skip }, async () => {
  const name = newName().padEnd(107, 'x');
  const listener = await listenAbstract(name, options, () => {});
  (await dialAbstract(name)).destroy();
  await assert.rejects(dialAbstract(name.slice(0, -1)), { code: 'ERR_NOT_REACHABLE' });
  await listener.close();
  await assert.rejects(
    listenAbstract(`${name}x`, options, () => {}),
    { code: 'ERR_BAD_ADDRESS', message: /has 108 bytes, and the system allows 107/ },
  );
});

test('Windows pipes are ERR_NOT_SUPPORTED elsewhere, with the mend', {
  skip: process.platform === 'win32',
}, async () => {
  await assert.rejects(dialPipe('app'), {
    code: 'ERR_NOT_SUPPORTED',
    message: /pipe:app: only Windows.*local:NAME/,
  });
  await assert.rejects(
    listenPipe('app', {}, () => {}),
    { code: 'ERR_NOT_SUPPORTED' },
  );
});
