import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { checked, checkedService, mistakesOf } from './fixtures/staged-system.ts';
import { sentence } from './mistake.ts';

const web = { fork: './web.ts' };

describe('a config that is good', () => {
  it('gets all defaults', () => {
    const { env: _env, ...service } = checkedService({});
    assert.deepEqual(service, {
      name: 'web',
      program: { kind: 'fork', module: '/app/web.ts', args: [], execArgv: [] },
      instances: 1,
      ownEnv: {},
      cwd: '/app',
      user: undefined,
      group: undefined,
      needs: {},
      ready: { by: 'start', timeoutMs: 30_000 },
      health: undefined,
      restart: {
        policy: 'permanent',
        firstMs: 200,
        maxMs: 30_000,
        resetAfterMs: 60_000,
        intensity: { restarts: 5, withinMs: 30_000 },
        significant: false,
      },
      stop: { signal: 'SIGTERM', graceMs: 10_000, drainMs: 0 },
      listen: [],
      routed: [],
      share: 'shared',
      logs: { maxBytes: 10_000_000, files: 5, format: 'text' },
      memory: undefined,
      hang: { afterMs: 10_000 },
      schedule: undefined,
      watch: undefined,
      onParentDeath: 'die',
      reload: { surge: 1, healthyMs: 5000 },
    });
  });

  it('is called as its folder where it has no name', () => {
    assert.equal(checked({ services: { web } }).name, 'app');
    assert.equal(checked({ name: 'shop', services: { web } }).name, 'shop');
    const options = { file: undefined, directory: '/app/My Project (2)/' };
    assert.equal(
      checked({ services: { web: { run: ['node'], cwd: '/app' } } }, options).name,
      'my-project-2-',
    );
  });

  it('lets a service be ready when it takes what is routed to it, without listening by itself', () => {
    const { services } = checked({
      listeners: { api: 'unix:api', web: 'unix:web' },
      services: { api: { host: './web.ts' }, web: { fork: './web.ts' } },
      routes: { api: { to: 'api' }, web: { to: 'web' } },
    });
    assert.deepEqual(
      Object.values(services).map(({ routed, ready }) => [routed, ready.by]),
      [
        [['api'], 'call'],
        [['web'], 'listen'],
      ],
    );
  });

  it('may have no services yet', () => {
    assert.deepEqual(checked({ services: {} }).services, {});
  });

  const services: [what: string, given: object, expected: object][] = [
    ['cpus as their number', { instances: 'cpus' }, { instances: 4 }],
    [
      'a program as command and arguments',
      { run: ['node', '-e', ''] },
      { program: { kind: 'run', command: 'node', args: ['-e', ''] } },
    ],
    ['no watch over the event loop of a program', { run: ['node'] }, { hang: undefined }],
    [
      'a module by its URL',
      { fork: pathToFileURL('/app/db.ts') },
      { program: { kind: 'fork', module: '/app/db.ts', args: [], execArgv: [] } },
    ],
    ['a needed service as ready', { needs: [] }, { needs: {} }],
    [
      'what is hosted ready when it is served',
      { host: './web.ts', listen: ['web'] },
      { ready: { by: 'call', timeoutMs: 30_000 } },
    ],
    [
      'a module with listeners ready when it listens',
      { fork: './web.ts', listen: ['web'] },
      { ready: { by: 'listen', timeoutMs: 30_000 } },
    ],
    [
      'a module without listeners ready as soon as it runs',
      { fork: './web.ts' },
      { ready: { by: 'start', timeoutMs: 30_000 } },
    ],
    ['ready by a word', { ready: 'call' }, { ready: { by: 'call', timeoutMs: 30_000 } }],
    [
      'ready by a port of this machine',
      { ready: { tcp: 5432, timeoutMs: 5 } },
      { ready: { by: 'tcp', address: 'tcp://127.0.0.1:5432', timeoutMs: 5 } },
    ],
    [
      'ready by host and port',
      { ready: { tcp: 'db:5432' } },
      { ready: { by: 'tcp', address: 'tcp://db:5432', timeoutMs: 30_000 } },
    ],
    [
      'ready by an address',
      { ready: { tcp: 'unix:/run/x.sock' } },
      { ready: { by: 'tcp', address: 'unix:/run/x.sock', timeoutMs: 30_000 } },
    ],
    [
      'ready by a URL',
      { ready: { http: 'http://localhost:80' } },
      { ready: { by: 'http', url: 'http://localhost/', timeoutMs: 30_000 } },
    ],
    [
      'ready by a text',
      { ready: { output: 'listening' } },
      { ready: { by: 'output', text: 'listening', timeoutMs: 30_000 } },
    ],
    [
      'ready by a pattern',
      { ready: { output: /on \d+/ } },
      { ready: { by: 'output', pattern: /on \d+/, timeoutMs: 30_000 } },
    ],
    [
      'ready by a file',
      { ready: { file: 'run/ready' } },
      { ready: { by: 'file', file: '/app/run/ready', timeoutMs: 30_000 } },
    ],
    [
      'ready by a descriptor behind the listeners',
      { ready: { fd: 4 }, listen: ['web'] },
      { ready: { by: 'fd', fd: 4, timeoutMs: 30_000 } },
    ],
    [
      'health by a command',
      { health: { command: ['sh', '-c', ''], failures: 1 } },
      {
        health: {
          by: 'command',
          command: 'sh',
          args: ['-c', ''],
          everyMs: 10_000,
          timeoutMs: 1000,
          failures: 1,
        },
      },
    ],
    [
      'health by a call',
      { health: { call: 'isWell', at: 'local:web' } },
      {
        health: {
          by: 'call',
          method: 'isWell',
          at: 'local:web',
          everyMs: 10_000,
          timeoutMs: 1000,
          failures: 3,
        },
      },
    ],
    ['memory as a size', { memory: '512MB' }, { memory: { maxBytes: 512_000_000, everyMs: 5000, times: 3 } }],
    ['memory as bytes', { memory: 1024 }, { memory: { maxBytes: 1024, everyMs: 5000, times: 3 } }],
    [
      'memory with settings',
      { memory: { max: '1GiB', times: 1 } },
      { memory: { maxBytes: 2 ** 30, everyMs: 5000, times: 1 } },
    ],
    ['no watch over the event loop where it is not wanted', { hang: false }, { hang: undefined }],
    [
      'paths to watch',
      { watch: ['src'] },
      { watch: { paths: ['/app/src'], debounceMs: 200, ignore: undefined } },
    ],
    ['a folder of its own', { cwd: 'data' }, { cwd: '/app/data' }],
  ];
  for (const [what, given, expected] of services)
    it(`has ${what}`, () => {
      const service = checkedService(given) as unknown as Record<string, unknown>;
      for (const [key, value] of Object.entries(expected)) assert.deepEqual(service[key], value);
    });

  it('has needs as what they are needed for', () => {
    const db = { fork: './db.ts', health: { tcp: 5432 } };
    const config = {
      services: { db, a: { ...web, needs: ['db'] }, b: { ...web, needs: { db: 'healthy', a: undefined } } },
    };
    const { a, b } = checked(config).services;
    assert.deepEqual([a?.needs, b?.needs], [{ db: 'ready' }, { db: 'healthy' }]);
  });

  it('has logs of the stack below those of a service', () => {
    const logs = { maxBytes: 5000, files: 2 };
    const { a, b } = checked({ logs, services: { a: web, b: { ...web, logs: { files: 9 } } } }).services;
    assert.deepEqual(a?.logs, { maxBytes: 5000, files: 2, format: 'text' });
    assert.deepEqual(b?.logs, { maxBytes: 5000, files: 9, format: 'text' });
  });

  it('has listeners with absolute paths, and rights where there is a file', () => {
    const { listeners } = checked({
      listeners: {
        web: 'tcp://127.0.0.1:8080',
        admin: { address: 'unix:run/admin.sock', backlog: 5 },
        here: 'local:shop',
      },
      services: { web: { ...web, listen: ['web', 'admin', 'here'] } },
    });
    assert.deepEqual(Object.values(listeners), [
      { name: 'web', address: 'tcp://127.0.0.1:8080', backlog: 511, mode: undefined },
      { name: 'admin', address: 'unix:/app/run/admin.sock', backlog: 5, mode: 0o600 },
      { name: 'here', address: 'local:shop', backlog: 511, mode: undefined },
    ]);
  });

  it('may be JSON', () => {
    const config =
      '{"services":{"a":{"run":["node"],"ready":{"output":"up"},"restart":"transient"},"b":{"run":["node"],"needs":{"a":"ended"}}}}';
    assert.deepEqual(checked(JSON.parse(config)).services['b']?.needs, { a: 'ended' });
  });

  it('may run what another service makes first', () => {
    const build = { run: ['sh'], restart: 'transient' };
    const config = {
      services: { build, web: { fork: './dist/web.js', cwd: 'dist', needs: { build: 'ended' } } },
    };
    assert.deepEqual(mistakesOf(config), []);
  });
});

describe('the environment', () => {
  const files = {
    '/app/.env': '# of all\nA="file of the stack"\nB=file\n',
    '/app/web.env': "B='of web'\nC=1\n",
  };

  it('is what the supervisor has, the stack says, and the service says, in this order', () => {
    const config = {
      env: { B: 'stack', PORT: 80, DEBUG: true },
      envFiles: ['.env'],
      services: { web: { ...web, env: { HOME: undefined, D: '' }, envFiles: ['web.env'] } },
    };
    const service = checked(config, { system: { files } }).services['web'];
    assert.deepEqual(service?.env, {
      PATH: '/bin',
      A: 'file of the stack',
      B: 'of web',
      PORT: '80',
      DEBUG: 'true',
      C: '1',
      D: '',
    });
    assert.equal(service?.ownEnv['HOME'], null);
    assert.equal(Object.hasOwn(service?.ownEnv ?? {}, 'PATH'), false);
  });

  it('hands nothing on that was told to the supervisor alone', () => {
    process.env['NOTIFY_SOCKET'] = '/run/notify';
    const { env } = checkedService({}, { environment: undefined });
    delete process.env['NOTIFY_SOCKET'];
    assert.equal(env['PATH'], process.env['PATH']);
    assert.equal(Object.hasOwn(env, 'NOTIFY_SOCKET'), false);
  });
});

describe('what is allowed, and most likely not meant, is remarked', () => {
  const remarks = (config: object): string[] => checked(config).remarks.map(sentence);

  it('a listener that nobody uses', () => {
    assert.match(
      remarks({ listeners: { web: 'tcp://127.0.0.1:8080' }, services: { web } })[0] ?? '',
      /listeners.web is used by nobody/,
    );
  });

  it('a look at a listener that the stack itself holds open', () => {
    const config = {
      listeners: { web: 'tcp://127.0.0.1:8080' },
      services: { web: { ...web, listen: ['web'], ready: { tcp: 8080 }, health: { tcp: '127.0.0.1:8080' } } },
    };
    assert.deepEqual(remarks(config), [
      '  services.web.ready.tcp is the listener web of this stack, which always accepts: leave it out, because a fork is ready when it listens',
      '  services.web.health.tcp is the listener web of this stack, which always accepts: ask by http, or by a call',
    ]);
  });

  it('a program of Node.js with a listener that only a fork would be given when it listens', () => {
    const listeners = { web: 'tcp://127.0.0.1:8080' };
    const programs = ['node', '/usr/bin/node', 'npm', 'sh'];
    const of = (command: string): string[] =>
      checked(
        { listeners, services: { web: { run: [command, 'x.js'], listen: ['web'] } } },
        { system: { programs } },
      ).remarks.map(sentence);
    for (const command of ['node', '/usr/bin/node', 'npm'])
      assert.match(of(command)[0] ?? '', /services.web.run is a program of Node.js, .*: write fork:/);
    assert.deepEqual(of('sh'), []);
    assert.deepEqual(remarks({ services: { web: { run: ['node', 'x.js'] } } }), []);
  });

  it('a port that only root can open', () => {
    const config = {
      listeners: { web: 'tcp://127.0.0.1:80' },
      services: { web: { ...web, listen: ['web'] } },
    };
    assert.match(remarks(config)[0] ?? '', /listeners.web has the port 80, which only root can open here/);
  });

  it('a policy of a group at the top, and an intensity of a service in a group', () => {
    const groups = { g: { members: ['web'], restart: 'transient' } };
    const restart = { intensity: { restarts: 1, withinMs: 1000 } };
    const [first = '', second = ''] = remarks({ groups, services: { web: { ...web, restart } } });
    assert.match(first, /groups.g.restart is "transient", and no group stands above it/);
    assert.match(second, /services.web.restart.intensity does not count: .*groups.g/);
  });

  it('a group that ends with its significant members, and has none', () => {
    const groups = { g: { members: ['web'], autoShutdown: 'all-significant' } };
    assert.match(
      remarks({ groups, services: { web } })[0] ?? '',
      /groups.g.autoShutdown .*no member is significant/,
    );
  });
});

describe('a schedule', () => {
  const nextRun = (after: Date): Date => new Date(after.getTime() + 1000);

  it('is whatever knows its next time, and starts nothing again by itself', () => {
    const { schedule, restart } = checkedService({ schedule: { nextRun } });
    assert.deepEqual(schedule?.nextRun(new Date(0)), new Date(1000));
    assert.equal(restart.policy, 'temporary');
  });

  it('is made of a pattern by what the caller brings, in its time zone', () => {
    const made: unknown[] = [];
    const cron = (...given: unknown[]) => {
      made.push(given);
      return { nextRun };
    };
    assert.equal(checkedService({ schedule: '0 4 * * *' }, { cron }).schedule?.text, '0 4 * * *');
    const schedule = { cron: '0 4 * * *', timeZone: 'Europe/Berlin' };
    assert.equal(checkedService({ schedule }, { cron }).schedule?.text, '0 4 * * * Europe/Berlin');
    assert.deepEqual(made, [
      ['0 4 * * *', undefined],
      ['0 4 * * *', 'Europe/Berlin'],
    ]);
  });

  it('names what was most likely meant', () => {
    const config = { services: { web: { ...web, schedule: { cron: '* * * * *', timezone: 'UTC' } } } };
    assert.deepEqual(mistakesOf(config, { cron: () => ({ nextRun }) }), [
      'services.web.schedule.timezone is no option: did you mean timeZone?',
    ]);
  });

  it('is refused with the reason where the pattern cannot be read', () => {
    const cron = (): never => {
      throw new TypeError('CronPattern: expected five parts');
    };
    const config = { services: { web: { ...web, schedule: 'daily' } } };
    assert.match(
      mistakesOf(config, { cron })[0] ?? '',
      /^services.web.schedule is "daily": CronPattern: expected five parts/,
    );
  });
});
