import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checked, mistakesOf, type Staged } from './fixtures/staged-system.ts';

const web = { fork: './web.ts' };

describe('a config that is wrong is refused, with where, what, and what to write instead', () => {
  const service = (given: object): object => ({
    listeners: { web: 'tcp://127.0.0.1:8080', sock: 'unix:/run/x' },
    services: { web: 'run' in given || 'host' in given || 'fork' in given ? given : { ...web, ...given } },
  });
  const two = (a: object, b: object = {}, more: object = {}): object => ({
    services: { a: { ...web, ...a }, b: { ...web, ...b } },
    ...more,
  });
  const cases: [given: unknown, expected: string | RegExp, system?: Staged][] = [
    [undefined, / the config|is undefined.*defineStack/],
    [[], /is a list.*defineStack/],
    [{}, /^services is missing/],
    [{ services: { web }, grups: {} }, 'grups is no option: did you mean groups?'],
    [{ services: [] }, /^services is a list: write an object: the name of each service/],
    [{ services: { web: null } }, /^services.web is null/],
    [{ services: { 'My Web': web } }, /^services.My Web is no name: .*a to z/],
    [{ services: { __proto__: web, 'constructor.x': web } }, /^services.constructor.x is no name/],
    [{ name: 'My Shop', services: { web } }, /^name is "My Shop".*a to z/],

    [service({ fork: undefined }), /^services.web says nothing to run.*run:.*fork:.*host:/],
    [service({ fork: './web.ts', run: ['node'] }), 'services.web has run and fork: keep one of them'],
    [
      service({ run: 'node web.js' }),
      "services.web.run is \"node web.js\": write a list, as no shell takes it apart: ['node', 'web.js']",
    ],
    [service({ run: [] }), /^services.web.run names no program/],
    [service({ run: ['node', 5] }), 'services.web.run.1 is 5: write a text'],
    [service({ run: ['nod'] }), /^services.web.run starts "nod", and there is no such program/],
    [service({ run: ['node'], args: [] }), /^services.web.args is for fork and host/],
    [service({ fork: './wbe.ts' }), /^services.web.fork is "\.\/wbe\.ts", and there is no such file.*\/app/],
    [service({ fork: 'https://x/y.js' }), /^services.web.fork is .*no file/],
    [service({ host: './web.ts' }), /^services.web.listen is missing: nobody could call/],
    [
      { listeners: { web: 'tcp://0.0.0.0:8080' }, services: { web: { host: './web.ts', listen: ['web'] } } },
      /^services.web.listen.0 is tcp:.*where others than this machine could call/,
    ],
    [service({ instances: 1.5 }), /^services.web.instances is 1.5: write a number or 'cpus', from 0 to 1000/],
    [service({ instances: 'cpu' }), 'services.web.instances is "cpu": write a number or \'cpus\''],
    [service({ instances: '4' }), 'services.web.instances is "4": write 4, without quotes'],
    [service({ cwd: 'nowhere' }), /^services.web.cwd is "nowhere", and there is no such folder/],
    [service({ env: { A: {} } }), /^services.web.env.A is an object: write a text/],
    [service({ env: ['A=1'] }), /^services.web.env is a list/],
    [service({ env: { 'A=B': '1' } }), /^services.web.env.A=B is no name/],
    [service({ envFiles: ['.env'] }), /^services.web.envFiles.0 is ".env", which cannot be read/],
    [service({ envFiles: '.env' }), /^services.web.envFiles is ".env": write a list of files/],

    [service({ user: 'www-data' }), /^services.web.user is given, and the supervisor is not root/],
    [
      service({ user: 'nobdy' }),
      /^services.web.user is "nobdy", and there is no such user/,
      { isRoot: true },
    ],
    [service({ group: true }), /^services.web.group is true/, { isRoot: true }],

    [service({ restart: 'permanant' }), 'services.web.restart is "permanant": did you mean permanent?'],
    [
      service({ restart: { policy: 'never' } }),
      /^services.web.restart.policy is "never": there are permanent, transient, temporary/,
    ],
    [
      service({ restart: { firstMs: 500, maxMs: 100 } }),
      /^services.web.restart.maxMs is 100, less than firstMs/,
    ],
    [service({ restart: { intensity: { restarts: -1 } } }), /^services.web.restart.intensity.restarts is -1/],
    [
      service({ restart: { intesity: {} } }),
      'services.web.restart.intesity is no option: did you mean intensity?',
    ],
    [service({ stop: { signal: 'TERM' } }), 'services.web.stop.signal is "TERM": did you mean SIGTERM?'],
    [service({ stop: { graceMs: '10s' } }), /^services.web.stop.graceMs is "10s": write milliseconds/],
    [service({ stop: { graceMs: 2 ** 31 } }), /^services.web.stop.graceMs is 2147483648/],
    [service({ onParentDeath: 'kill' }), /^services.web.onParentDeath is "kill": there are die, survive/],

    [service({ ready: 'notfy' }), 'services.web.ready is "notfy": did you mean notify?'],
    [
      service({ ready: 'notify' }),
      /^services.web.ready is 'notify', which needs socat.*apt-get install socat/,
    ],
    [
      service({ ready: { by: 'notify' } }),
      /^services.web.ready.by .*Linux alone/,
      { platform: 'darwin', programs: ['socat'] },
    ],
    [service({ ready: 'listen' }), /^services.web.ready is 'listen', which only a fork with listen can be/],
    [service({ ready: {} }), /^services.web.ready says nothing to look at/],
    [service({ ready: { htp: 'x' } }), 'services.web.ready.htp is no option: did you mean http?'],
    [
      service({ ready: { tcp: 1, http: 'http://x' } }),
      'services.web.ready has tcp and http: keep one of them',
    ],
    [service({ ready: { tcp: 99_999 } }), /^services.web.ready.tcp is 99999: write a port/],
    [service({ ready: { tcp: '8080' } }), 'services.web.ready.tcp is "8080": write 8080, without quotes'],
    [service({ ready: { http: '/health' } }), /^services.web.ready.http is "\/health": write a URL/],
    [service({ ready: { fd: 1 } }), /^services.web.ready.fd is 1: write a descriptor, from 3/],
    [
      service({ ready: { fd: 3 }, listen: ['web'] }),
      'services.web.ready.fd is 3, which is a listener: take 4 or a higher one',
    ],
    [service({ ready: { output: 5 } }), /^services.web.ready.output is 5/],
    [service({ health: true }), /^services.web.health is true: write an object/],
    [service({ health: { call: 'x' } }), /^services.web.health.at is missing/],
    [service({ health: { call: 'x', at: 'web' } }), /^services.web.health.at is "web": .*local:web/],
    [service({ health: { tcp: 80, at: 'local:x' } }), /^services.web.health.at says where a call goes/],
    [service({ health: { command: 'true' } }), /^services.web.health.command is "true"/],
    [service({ health: { tcp: 80, failures: 0 } }), /^services.web.health.failures is 0/],

    [
      service({ memory: '512M' }),
      'services.web.memory is "512M": write 512MB (thousands) or 512MiB (times 1024)',
    ],
    [service({ memory: { max: 'much' } }), /^services.web.memory.max is "much"/],
    [service({ memory: 0 }), /^services.web.memory is 0/],
    [service({ hang: true }), /^services.web.hang is true: write false/],
    [service({ run: ['node'], hang: { afterMs: 500 } }), /^services.web.hang is for fork and host/],
    [service({ schedule: '0 4 * * *' }), /^services.web.schedule is "0 4 \* \* \*", which needs croner/],
    [service({ schedule: 5 }), /^services.web.schedule is 5: write a cron pattern/],
    [
      service({ schedule: { nextRun: () => null }, restart: 'permanent' }),
      /^services.web.restart is 'permanent', which starts it again at once/,
    ],
    [service({ watch: 'src' }), /^services.web.watch is "src": write a list/],
    [service({ watch: [] }), /^services.web.watch is empty/],
    [service({ watch: {} }), /^services.web.watch.paths is missing/],
    [service({ reload: { surge: 0 } }), /^services.web.reload.surge is 0/],
    [service({ logs: { maxBytes: 10 } }), /^services.web.logs.maxBytes is 10/],
    [service({ logs: { format: 'xml' } }), /^services.web.logs.format is "xml": there are text, json/],

    [service({ listen: ['wbe'] }), 'services.web.listen.0 is "wbe", which is no listener: did you mean web?'],
    [service({ listen: ['web', 'web'] }), /^services.web.listen.1 is "web" again/],
    [service({ listen: 'web' }), /^services.web.listen is "web": write a list/],
    [
      service({ listen: ['sock'], share: 'reusePort' }),
      /^services.web.share is 'reusePort', and sock has no port/,
    ],
    [
      service({ share: 'reusePort' }),
      /^services.web.share is 'reusePort', which there is on Linux alone/,
      { platform: 'darwin' },
    ],

    [{ listeners: { web: 8080 }, services: {} }, /^listeners.web is 8080: write an address/],
    [
      { listeners: { web: '8080' }, services: {} },
      /^listeners.web is "8080", which has no scheme: write tcp:\/\/127.0.0.1:8080/,
    ],
    [
      { listeners: { web: { adress: 'x' } }, services: {} },
      'listeners.web.adress is no option: did you mean address?',
    ],
    [
      { listeners: { web: 'tls://0.0.0.0:443' }, services: {} },
      /^listeners.web is tls:.*write tcp:\/\/0.0.0.0:443, and let the service do TLS/,
    ],
    [
      { listeners: { web: 'stdio:' }, services: {} },
      /^listeners.web is stdio:, at which nothing can be inherited/,
    ],
    [
      { listeners: { web: { address: 'tcp://x:80', mode: 0o600 } }, services: {} },
      /^listeners.web.mode is for unix: alone/,
    ],
    [{ listeners: { web: { address: 'unix:x', mode: 0o1000 } }, services: {} }, /^listeners.web.mode is 512/],
    [
      { listeners: { a: 'unix:/app/x', b: 'unix:x' }, services: {} },
      /^listeners.b has the address of listeners.a/,
    ],

    [two({ needs: ['c'] }), 'services.a.needs.c is no service: did you mean b?'],
    [two({ needs: { b: 'redy' } }), 'services.a.needs.b is "redy": did you mean ready?'],
    [
      two({ needs: ['b'] }, { needs: ['a'] }),
      'services.a.needs goes in a circle: a needs b, b needs a: take one of them out',
    ],
    [two({ needs: ['a'] }), 'services.a.needs goes in a circle: a needs a: take one of them out'],
    [two({ needs: { b: 'healthy' } }), /^services.a.needs.b is 'healthy', and its health is never asked/],
    [
      two({ needs: { b: 'ended' } }),
      /^services.a.needs.b is 'ended', and it is started again.*restart: 'transient'/,
    ],
    [
      two({ needs: ['g'] }, {}, { groups: { g: { members: ['b'] } } }),
      /^services.a.needs.g is a group: name the services/,
    ],

    [two({}, {}, { groups: { g: {} } }), /^groups.g.members has nothing in it/],
    [
      two({}, {}, { groups: { g: { members: ['c'] } } }),
      'groups.g.members.0 is "c", which is no service or group: did you mean a?',
    ],
    [
      two({}, {}, { groups: { g: { members: ['a'] }, h: { members: ['a'] } } }),
      'groups.h.members.0 is "a", which stands in g already: keep one of them',
    ],
    [
      two({}, {}, { groups: { g: { members: ['a', 'a'] } } }),
      /^groups.g.members.1 is "a", which stands in g already/,
    ],
    [
      two({}, {}, { groups: { g: { members: ['h'] }, h: { members: ['g'] } } }),
      /^groups.g.members goes in a circle: g holds h, h holds g/,
    ],
    [
      two({}, {}, { groups: { a: { members: ['b'] } } }),
      'groups.a has the name of a service: give it another',
    ],
    [
      two({}, {}, { groups: { g: { members: ['a'], strategy: 'one_for_all' } } }),
      'groups.g.strategy is "one_for_all": did you mean one-for-all?',
    ],
    [two({}, {}, { groups: { g: { members: ['a'], intensity: 5 } } }), /^groups.g.intensity is 5/],
    [
      two(
        { restart: { significant: true } },
        {},
        { groups: { g: { members: ['a'], autoShutdown: 'any-significant' } } },
      ),
      /^services.a.restart is significant, and permanent/,
    ],
    [
      two({ restart: { policy: 'transient', significant: true } }),
      /^services.a.restart is significant, and nothing ends with it/,
    ],

    [
      { ...two({}), listeners: { web: 'tcp://x:80' }, routes: { wbe: { to: 'a' } } },
      'routes.wbe is of no listener: did you mean web?',
    ],
    [
      { ...two({}), listeners: { web: 'tcp://x:80' }, routes: { web: { to: 'x' } } },
      /^routes.web.to is "x": did you mean a\?/,
    ],
    [
      { ...two({ listen: ['web'] }), listeners: { web: 'tcp://x:80' }, routes: { web: { to: 'b' } } },
      /^routes.web is of a listener that services.a listens on by itself/,
    ],
    [
      { ...two({}), listeners: { web: 'tcp://x:80' }, routes: { web: { to: 'a', pick: 'least' } } },
      /^routes.web.pick is "least": write a rule/,
    ],
    [
      {
        services: { a: { host: './web.ts' } },
        listeners: { web: 'tcp://0.0.0.0:8080' },
        routes: { web: { to: 'a' } },
      },
      /^services.a gets the connections of tcp:\/\/0.0.0.0:8080, where others than this machine/,
    ],
    [
      { services: { a: { run: ['node'] } }, listeners: { web: 'tcp://x:80' }, routes: { web: { to: 'a' } } },
      /^routes.web.to is "a", a program of its own/,
    ],
  ];
  for (const [given, expected, system] of cases)
    it(String(expected), () => {
      const mistakes = mistakesOf(given, system === undefined ? {} : { system });
      assert.equal(mistakes.length, 1, mistakes.join('\n'));
      if (typeof expected === 'string') assert.equal(mistakes[0], expected);
      else assert.match(mistakes[0] ?? '', expected);
    });

  it('all mistakes at once, in one message that names the file', () => {
    const config = { services: { a: { run: 5 }, b: { fork: './none.ts', needs: ['x'] } }, more: 1 };
    assert.equal(mistakesOf(config).length, 4);
    assert.throws(
      () => checked(config),
      (error: Error) => {
        assert.match(error.message, /^\/app\/kindred.config.ts has 4 mistakes:\n/);
        assert.equal(error.message.split('\n').length, 5);
        return true;
      },
    );
  });
});

/** Words that stand in configs, and that every object inherits: more of what is nearly right than of noise. */
const words = fc.constantFrom(
  ...[
    'services',
    'groups',
    'listeners',
    'routes',
    'env',
    'envFiles',
    'name',
    'web',
    'db',
    'g',
    'constructor',
  ],
  ...[
    'toString',
    '__proto__',
    'run',
    'fork',
    'host',
    'instances',
    'cpus',
    'needs',
    'ready',
    'health',
    'restart',
  ],
  ...[
    'policy',
    'transient',
    'significant',
    'members',
    'autoShutdown',
    'any-significant',
    'listen',
    'address',
    'to',
  ],
  ...[
    'tcp',
    'http',
    'output',
    'fd',
    'by',
    'call',
    'notify',
    'ended',
    'memory',
    '512MB',
    'schedule',
    'cron',
    'watch',
  ],
  ...[
    'paths',
    'stop',
    'signal',
    'tcp://127.0.0.1:80',
    'unix:x',
    './web.ts',
    'node',
    '0.0.0.0',
    'hang',
    'logs',
    '',
  ],
);
const { value: anything } = fc.letrec((again) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.oneof(words, fc.integer(), fc.boolean(), fc.constant(null), fc.constant(undefined), fc.string()),
    fc.array(again('value'), { maxLength: 4 }),
    fc.dictionary(words, again('value'), { maxKeys: 5 }),
  ),
}));
const service = fc.dictionary(words, anything, { maxKeys: 6 });
const config = fc.record(
  {
    services: fc.dictionary(words, fc.oneof(service, anything)),
    groups: fc.dictionary(
      words,
      fc.record({ members: fc.array(words), autoShutdown: anything }, { requiredKeys: [] }),
    ),
    listeners: fc.dictionary(words, fc.oneof(words, anything)),
    routes: fc.dictionary(words, fc.record({ to: words, pick: anything }, { requiredKeys: [] })),
    env: anything,
    logs: anything,
  },
  { requiredKeys: ['services'] },
);

it('of any config whatever: it is good, or is refused with mistakes that say where, what, and what to write', () => {
  fc.assert(
    fc.property(fc.oneof(config, anything), (given) => {
      // Throws what is no refusal.
      for (const mistake of mistakesOf(given)) assert.match(mistake, /^[^\n]* \S[^\n]*: \S/);
    }),
    { numRuns: 1000 },
  );
});
