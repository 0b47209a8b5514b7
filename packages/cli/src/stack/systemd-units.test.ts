// What stands in the units; whether systemd takes them is proved in systemd-units.system.test.ts.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type UnitPlan, unitsOf } from './systemd-units.ts';

const plan: UnitPlan = {
  name: 'shop',
  config: '/srv/shop/kindred.config.ts',
  directory: '/srv/shop',
  command: ['/usr/bin/node', '/usr/lib/kindred.js'],
  listeners: [],
  of: 'system',
};

it('starts in the foreground, says when it is ready, proves that it lives, and ends in order', () => {
  const [service, ...more] = unitsOf(plan);
  assert.deepEqual(more, []);
  assert.equal(service?.file, 'kindred-shop.service');
  for (const line of [
    'Type=notify',
    'NotifyAccess=all',
    'ExecStart=/usr/bin/node /usr/lib/kindred.js up --config /srv/shop/kindred.config.ts --name shop',
    'ExecReload=/bin/kill -HUP $MAINPID',
    'WorkingDirectory=/srv/shop',
    'WatchdogSec=30',
    'KillMode=mixed',
    'Delegate=yes',
    'WantedBy=multi-user.target',
  ])
    assert.ok(service?.text.split('\n').includes(line), line);
});

it('has a socket for each listener that systemd can open, under the name that the stack knows', () => {
  const listeners = [
    { name: 'web', address: 'tcp://127.0.0.1:8080', backlog: 511 },
    { name: 'six', address: 'tcp://[::1]:8080' },
    { name: 'admin', address: 'unix:/run/shop/admin.sock', mode: 0o600 },
    { name: 'hidden', address: 'unix:@shop' },
    { name: 'any', address: 'tcp://127.0.0.1:0' },
    { name: 'named', address: 'tcp://shop.example:80' },
    { name: 'own', address: 'local:shop' },
  ];
  const [service, ...sockets] = unitsOf({ ...plan, listeners });
  assert.deepEqual(
    sockets.map(({ file }) => file),
    ['web', 'six', 'admin', 'hidden'].map((name) => `kindred-shop-${name}.socket`),
  );
  const streams = sockets.map(({ text }) => /^ListenStream=(.*)$/m.exec(text)?.[1]);
  assert.deepEqual(streams, ['127.0.0.1:8080', '[::1]:8080', '/run/shop/admin.sock', '@shop']);
  assert.match(
    sockets[0]?.text ?? '',
    /^FileDescriptorName=web\nService=kindred-shop\.service\nBacklog=511$/m,
  );
  assert.match(sockets[2]?.text ?? '', /^SocketMode=0600$/m);
  assert.match(service?.text ?? '', /^Requires=kindred-shop-web\.socket kindred-shop-six\.socket /m);
});

it('keeps every word of the command line what it is, whatever stands in a path', () => {
  const [service] = unitsOf({
    ...plan,
    config: '/srv/100% "my" $shop/c.ts',
    directory: '/srv/100% shop',
    name: 'a-b c',
  });
  assert.equal(service?.file, 'kindred-a\\x2db\\x20c.service');
  assert.match(service?.text ?? '', /--config "\/srv\/100%% \\"my\\" \$\$shop\/c\.ts" --name "a-b c"$/m);
  assert.match(service?.text ?? '', /^WorkingDirectory=\/srv\/100%% shop$/m);
});

it('is a unit of one user where it is not of the system', () => {
  assert.match(unitsOf({ ...plan, of: 'user' })[0]?.text ?? '', /WantedBy=default\.target/);
  assert.match(unitsOf({ ...plan, user: 'shop' })[0]?.text ?? '', /^User=shop$/m);
});
