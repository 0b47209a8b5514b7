/** Whether a config is good, as a whole: nothing of one with a mistake is used. */
import { basename, dirname, resolve } from 'node:path';
import { inheritedEnv } from '../../process/environment.ts';
import { parentVariable } from '../../process/parent-tie.ts';
import { readyVariable } from '../../process/ready.ts';
import { wordsVariable } from '../agent/agent-orders.ts';
import { checkGroups, checkGroupsTogether } from './check-groups.ts';
import { checkListeners, checkRoutes, routedTo } from './check-listeners.ts';
import { checkNeeds } from './check-needs.ts';
import { checkService } from './check-service.ts';
import { checkLogs, defaultLogs } from './check-upkeep.ts';
import type { CheckedService, CheckedStack } from './checked-stack.ts';
import { Fields, isName, nameRule } from './fields.ts';
import { Findings, refusal, shown } from './mistake.ts';
import type { Schedule } from './stack.ts';
import { ownEnvironment } from './stack-environment.ts';
import { type StackSystem, type Surroundings, thisSystem } from './surroundings.ts';

export interface CheckStackOptions {
  /** The file that the config is from: names it in messages, and relative paths are relative to its folder. */
  file?: string | undefined;
  /** What relative paths are relative to. Default: the folder of `file`, or the working directory. */
  directory?: string | undefined;
  /** What services inherit. Default: the environment of this process, without what was told to it alone. */
  environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Makes a schedule of a cron pattern, as `(pattern, timeZone) => new Cron(pattern, { timezone: timeZone })` with croner does. Default: none, and a pattern is refused. */
  cron?: ((pattern: string, timeZone?: string) => Schedule) | undefined;
  /** The machine. Default: this one. */
  system?: StackSystem | undefined;
}

const known = ['name', 'listeners', 'groups', 'services', 'routes', 'env', 'envFiles', 'logs'];

/**
 * The stack with every default filled in. Throws `ERR_BAD_CONFIG` with all mistakes, each with its path and what to write
 * instead; `data` is `{ mistakes: { path, text, mend }[] }`.
 */
export function checkStack(value: unknown, options: CheckStackOptions = {}): CheckedStack {
  const file = options.file === undefined ? undefined : resolve(options.file);
  const directory = resolve(options.directory ?? (file === undefined ? '.' : dirname(file)));
  const around: Surroundings = {
    directory,
    environment: options.environment ?? ownlessEnv(),
    system: options.system ?? thisSystem,
    cron: options.cron,
  };
  const findings = new Findings();
  const stack = readStack(findings, value, around, file);
  if (stack === undefined || findings.mistakes.length > 0)
    throw refusal(file ?? 'the config', findings.mistakes);
  return stack;
}

function readStack(
  findings: Findings,
  value: unknown,
  around: Surroundings,
  file: string | undefined,
): CheckedStack | undefined {
  const mend = "write export default defineStack({ services: { web: { fork: './web.ts' } } })";
  const fields = Fields.of(findings, '', value, known, mend);
  if (fields === undefined) return undefined;
  const listeners = checkListeners(fields, around);
  const logs = checkLogs(fields, defaultLogs);
  const routed = routedTo(fields);
  const frame = { env: ownEnvironment(fields, around), logs, listeners, routed };
  const entries = fields.entries('services', 'service');
  if (!fields.has('services'))
    fields.wrong('services', 'is missing', "write services: { web: { fork: './web.ts' } }");
  const services: Record<string, CheckedService> = {};
  for (const [name, given] of entries) {
    const service = checkService(fields, name, given, frame, around);
    if (service !== undefined) services[name] = service;
  }
  const names = entries.map(([name]) => name);
  const groups = checkGroups(fields, names);
  checkNeeds(findings, services, names, Object.keys(groups));
  checkGroupsTogether(findings, groups, services, names);
  const takers = Object.fromEntries(
    names.map((name) => {
      const { listen = [], program } = services[name] ?? {};
      return [name, { listen, canTakeSockets: program?.kind !== 'run' }];
    }),
  );
  const routes = checkRoutes(fields, Object.keys(listeners), takers);
  remarkUnused(findings, listeners, services, routes);
  remarkAlwaysOpen(findings, listeners, services);
  remarkNodeByName(findings, services);
  const name = checkName(fields, around.directory);
  const { remarks } = findings;
  return { name, file, directory: around.directory, listeners, groups, services, routes, remarks };
}

function checkName(fields: Fields, directory: string): string {
  const given = fields.get('name');
  if (given === undefined) return nameOfFolder(directory);
  if (typeof given === 'string' && isName(given)) return given;
  fields.wrong('name', `is ${shown(given)}`, nameRule);
  return 'stack';
}

/** What of it can stand in a name. */
function nameOfFolder(directory: string): string {
  const name = basename(directory)
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[-_]+/, '')
    .slice(0, 64);
  return name === '' ? 'stack' : name;
}

function remarkUnused(
  findings: Findings,
  listeners: CheckedStack['listeners'],
  services: CheckedStack['services'],
  routes: CheckedStack['routes'],
): void {
  for (const name of Object.keys(listeners))
    if (!Object.hasOwn(routes, name) && !Object.values(services).some(({ listen }) => listen.includes(name)))
      findings.remark(
        `listeners.${name}`,
        'is used by nobody',
        `write listen: ['${name}'] in a service, or take it away`,
      );
}

/** The keeper listens there, so that it accepts also where no service does. */
function remarkAlwaysOpen(
  findings: Findings,
  listeners: CheckedStack['listeners'],
  services: CheckedStack['services'],
): void {
  for (const [service, { ready, health }] of Object.entries(services))
    for (const [key, probe] of Object.entries({ ready, health })) {
      if (probe?.by !== 'tcp') continue;
      const name = Object.keys(listeners).find((each) => listeners[each]?.address === probe.address);
      if (name !== undefined)
        findings.remark(
          `services.${service}.${key}.tcp`,
          `is the listener ${name} of this stack, which always accepts`,
          key === 'ready'
            ? 'leave it out, because a fork is ready when it listens'
            : 'ask by http, or by a call',
        );
    }
}

/** Only a `fork` is given its listeners when it listens by itself. */
function remarkNodeByName(findings: Findings, services: CheckedStack['services']): void {
  for (const [service, { program, listen }] of Object.entries(services)) {
    if (program.kind !== 'run' || listen.length === 0) continue;
    if (!nodePrograms.has(basename(program.command).replace(/\.(exe|cmd)$/, ''))) continue;
    findings.remark(
      `services.${service}.run`,
      'is a program of Node.js, which would find the address in use where it listens by itself',
      "write fork: './server.js', which gives it the listener",
    );
  }
}

const nodePrograms: ReadonlySet<string> = new Set(['node', 'npm', 'npx', 'pnpm', 'yarn']);

/** Told to this process alone: by whoever started it, by systemd, by a keeper. */
const told = [
  parentVariable,
  ...['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'NOTIFY_SOCKET', 'WATCHDOG_PID', 'WATCHDOG_USEC'],
  ...[wordsVariable, readyVariable],
];

function ownlessEnv(): NodeJS.ProcessEnv {
  const env = inheritedEnv();
  for (const name of told) delete env[name];
  return env;
}
