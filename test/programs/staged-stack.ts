// A stack that only tells a story: every state there is, events, logs, progress. For tests of what the command shows, and
// to look at it in a terminal: `node staged-stack.ts NAME` serves it until SIGTERM.
import { pathToFileURL } from 'node:url';
import { KindredError, type Server, serve } from 'kindred';
import type { Change, Control, InstanceStatus, LogRecord, Progress, StackStatus } from 'kindred/supervisor';

/** When the story plays: everything in it has a time relative to this. */
export type Now = () => number;

export interface StagedStack extends Control {
  /** What was asked of it, in order: the call and its arguments. */
  readonly asked: unknown[][];
}

const seconds = (count: number): number => count * 1000;
const hours = (count: number): number => count * 3_600_000;

export function stagedStatus(now: number, name = 'shop'): StackStatus {
  const base = { restarts: 0, generation: 1 };
  const running = (
    service: string,
    instance: number,
    pid: number,
    upMs: number,
    more: Partial<InstanceStatus>,
  ): InstanceStatus => ({
    ...base,
    service,
    instance,
    pid,
    state: 'ready',
    since: now - upMs,
    startedAt: now - upMs,
    ...more,
  });
  const instances: InstanceStatus[] = [
    running('db', 1, 4711, hours(51), { cpu: 0.031, memoryBytes: 212_300_000 }),
    running('web', 1, 4720, hours(2.1), { cpu: 0.42, memoryBytes: 120_400_000, callsPerSecond: 431.2 }),
    running('web', 2, 4721, hours(2.1), { cpu: 1.02, memoryBytes: 131_000_000, callsPerSecond: 12_612 }),
    running('web', 3, 4803, seconds(4), { state: 'starting', generation: 2, memoryBytes: 41_000_000 }),
    running('api', 1, 4730, seconds(192), {
      state: 'unhealthy',
      restarts: 12,
      cpu: 0,
      memoryBytes: 88_000_000,
    }),
    running('images', 1, 4740, seconds(59), { state: 'draining', cpu: 0.5, memoryBytes: 1_230_000_000 }),
    running('images', 2, 4741, seconds(59), { state: 'stopping' }),
    {
      ...base,
      service: 'worker',
      instance: 1,
      state: 'backoff',
      since: now - 500,
      restarts: 4,
      nextStartAt: now + seconds(3.5),
      lastExit: { exitCode: 1, signal: null, at: now - 500 },
    },
    {
      ...base,
      service: 'report',
      instance: 1,
      state: 'waiting',
      since: now - hours(9),
      nextStartAt: now + hours(15.2),
    },
    { ...base, service: 'migrate', instance: 1, state: 'ended', since: now - hours(51) },
    { ...base, service: 'legacy', instance: 1, state: 'stopped', since: now - hours(3) },
    { ...base, service: 'mailer', instance: 1, state: 'failed', since: now - seconds(20), restarts: 5 },
  ];
  const names = [...new Set(instances.map(({ service }) => service))];
  return {
    name,
    config: '/srv/shop/kindred.config.ts',
    startedAt: now - hours(51),
    // A number that no process has.
    keeper: { pid: 2 ** 22 + 1, memoryBytes: 38_000_000 },
    brain: { pid: 4701, startedAt: now - hours(2), restarts: 1, memoryBytes: 61_000_000 },
    listeners: [{ name: 'web', address: 'tcp://127.0.0.1:8080', bound: 'tcp://127.0.0.1:8080' }],
    services: names.map((service) => {
      const own = instances.filter((instance) => instance.service === service);
      return {
        service,
        state: own.at(-1)?.state ?? 'stopped',
        instances: own.length,
        ready: own.filter(({ state }) => state === 'ready').length,
        ...(service === 'web' ? { reloading: true } : {}),
      };
    }),
    instances,
  };
}

/** For whoever looks at it: figures that go up and down. */
function moving(status: StackStatus, now: number): StackStatus {
  const wave = (phase: number): number => 1 + Math.sin(now / 5000 + phase) * 0.8;
  for (const [i, instance] of status.instances.entries()) {
    if (instance.cpu !== undefined) instance.cpu *= wave(i);
    if (instance.callsPerSecond !== undefined) instance.callsPerSecond *= wave(i * 2);
  }
  return status;
}

const changes: Change[] = [
  { kind: 'add', service: 'search', because: ['it is new in the config'] },
  { kind: 'remove', service: 'legacy', because: [] },
  { kind: 'replace', service: 'web', because: ['its command has changed', 'its stop has changed'] },
  { kind: 'scale', service: 'worker', from: 1, to: 4 },
  { kind: 'env', service: 'api', added: ['TOKEN'], removed: ['DEBUG'], changed: ['LEVEL'] },
  { kind: 'listener', listener: 'admin', change: 'add', to: 'tcp://127.0.0.1:9090' },
  {
    kind: 'listener',
    listener: 'web',
    change: 'move',
    from: 'tcp://127.0.0.1:8080',
    to: 'tcp://127.0.0.1:80',
  },
];

export function createStagedStack(
  now: Now,
  { name = 'shop', stepMs = 0, end }: { name?: string; stepMs?: number; end?: () => void } = {},
): StagedStack {
  const asked: unknown[][] = [];
  const known = new Set(stagedStatus(now()).instances.map(({ service }) => service));
  const check = (services: readonly string[]): void => {
    for (const service of services)
      if (!known.has(service))
        throw new KindredError(
          'ERR_BAD_ARGUMENT',
          `there is no service ${service}: there are ${[...known].join(', ')}`,
        );
  };
  const wait = async (): Promise<void> => {
    if (stepMs > 0) await new Promise((resolve) => setTimeout(resolve, stepMs));
  };
  async function* steps(
    verb: string,
    services: readonly string[],
    last: Progress['kind'] = 'done',
  ): AsyncGenerator<Progress> {
    check(services);
    const doing =
      { start: 'starting', stop: 'stopping', reload: 'starting a new one', down: 'stopping' }[verb] ?? verb;
    for (const service of services)
      for (const instance of [1, 2]) {
        yield { at: now(), service, instance, kind: 'step', text: doing };
        await wait();
        yield {
          at: now(),
          service,
          instance,
          kind: 'step',
          text: verb === 'stop' || verb === 'down' ? 'stopped' : 'ready',
        };
        await wait();
      }
    yield last === 'done'
      ? { at: now(), kind: 'done', text: `${verb}: ${services.join(', ') || 'nothing to do'}` }
      : {
          at: now(),
          service: services[0],
          kind: 'failed',
          text: 'the new instance was not ready in 30 s; the old ones go on serving',
        };
  }
  const note = (...call: unknown[]): void => void asked.push(call);
  const asking = (call: string, args: unknown[], services: readonly string[]): AsyncGenerator<Progress> => {
    note(call, ...args);
    return steps(call, services, services.includes('mailer') && call === 'reload' ? 'failed' : 'done');
  };
  const logs: LogRecord[] = [
    { at: now() - hours(30), log: 'web.1', stream: 'out', text: 'listening at 8080' },
    { at: now() - 900, log: 'web.2', stream: 'err', text: 'slow query, 812 ms' },
    {
      at: now() - 700,
      log: 'images.1',
      stream: 'out',
      text: '\u001b[32mgreen\u001b[0m and \u001b]0;a title\u0007a bell \u0007',
    },
    { at: now() - 100, log: 'web.1', stream: 'note', text: '12 lines dropped' },
  ];
  return {
    asked,
    async status() {
      const status = stagedStatus(now(), name);
      status.brain.pid += 300 * asked.filter(([call]) => call === 'upgrade').length;
      return stepMs > 0 ? moving(status, now()) : status;
    },
    plan: async () => changes,
    apply: () => asking('apply', [], ['web', 'api']),
    start: (services) => asking('start', [services], services),
    stop: (services) => asking('stop', [services], services),
    restart: (services) => asking('restart', [services], services),
    reload: (services, options) => asking('reload', [services, options], services),
    rollback: (services) => asking('rollback', [services], services),
    scale: (service, instances) => asking('scale', [service, instances], [service]),
    async *events({ after = 0, follow = false } = {}) {
      note('events', { after, follow });
      const told = [
        { sequence: 1, at: now() - hours(30), kind: 'config', text: 'the config was read' },
        {
          sequence: 2,
          at: now() - 600,
          service: 'worker',
          instance: 1,
          kind: 'exit',
          text: 'ended with exit code 1',
        },
        {
          sequence: 3,
          at: now() - 500,
          service: 'worker',
          instance: 1,
          kind: 'state',
          state: 'backoff' as const,
          text: 'is started again in 4 s',
          cause: 2,
        },
        {
          sequence: 4,
          at: now() - 400,
          service: 'mailer',
          instance: 1,
          kind: 'state',
          state: 'failed' as const,
          text: 'failed 6 times in 30 s',
        },
      ];
      for (const event of told) if (event.sequence > after) yield event;
      for (let sequence = 5; follow; sequence++) {
        await new Promise((resolve) => setTimeout(resolve, 300));
        yield {
          sequence,
          at: now(),
          service: 'web',
          instance: 1,
          kind: 'health',
          text: `asked for the ${sequence}th time`,
        };
      }
    },
    async *logs(query) {
      note('logs', query);
      const pattern = query.grep === undefined ? undefined : new RegExp(query.grep);
      const kept = logs.filter(
        ({ at, log, text }) =>
          at >= (query.since ?? 0) &&
          (query.services?.includes(log.replace(/\.\d+$/, '')) ?? true) &&
          (pattern?.test(text) ?? true),
      );
      yield* query.tail === undefined ? kept : kept.slice(-query.tail);
      for (let n = 1; query.follow === true; n++) {
        await new Promise((resolve) => setTimeout(resolve, 300));
        yield { at: now(), log: 'web.1', stream: 'out', text: `line ${n}` };
      }
    },
    async why(service) {
      check([service]);
      return service === 'db'
        ? []
        : [
            { at: now() - 500, text: `${service}.1 is in backoff: it is started again in 4 s.` },
            {
              at: now() - 600,
              text: `${service}.1 ended with exit code 1, for the third time in 30 s; the end of its stderr says: Error: connect ECONNREFUSED 127.0.0.1:5432.`,
            },
          ];
    },
    async upgrade() {
      note('upgrade');
      return { brain: 5001, keeper: 'kept' };
    },
    async *down() {
      note('down');
      yield* steps('down', ['web', 'db']);
      end?.();
    },
  };
}

/** Serves it at the control address of that name, and is gone when it was told to go down. */
export async function serveStagedStack(
  name: string,
  now: Now = Date.now,
  options: { stepMs?: number } = {},
): Promise<StagedStack & { server: Server }> {
  const end = (): void => void setImmediate(() => server.close());
  const stack = createStagedStack(now, { name, ...options, end });
  const { asked: _ours, ...control } = stack;
  const server = await serve(`local:kindred-${name}`, control);
  return Object.assign(stack, { server });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { server } = await serveStagedStack(process.argv[2] ?? 'shop', Date.now, { stepMs: 250 });
  process.on('SIGTERM', () => void server.close());
}
