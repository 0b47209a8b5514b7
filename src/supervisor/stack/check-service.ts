/** One service of a config, by itself; what it has to do with others is checked with all of them. */

import { isIP } from 'node:net';
import { parseAddress } from '../../transports/address.ts';
import { isLoopback } from '../../transports/exposure.ts';
import { checkHealth, checkReady } from './check-probes.ts';
import { checkProgram } from './check-program.ts';
import {
  checkHang,
  checkLogs,
  checkMemory,
  checkReload,
  checkRestart,
  checkSchedule,
  checkStop,
  checkWatch,
} from './check-upkeep.ts';
import type { CheckedListener, CheckedLogs, CheckedService } from './checked-stack.ts';
import { Fields, isRecord } from './fields.ts';
import { shown } from './mistake.ts';
import { didYouMean } from './nearest.ts';
import type { Need } from './stack.ts';
import { composeEnvironment, type OwnEnvironment, ownEnvironment } from './stack-environment.ts';
import { pathIn, type Surroundings } from './surroundings.ts';

const known = [
  ...['run', 'fork', 'host', 'args', 'execArgv', 'instances', 'env', 'envFiles', 'cwd', 'user', 'group'],
  ...['needs', 'ready', 'health', 'restart', 'stop', 'listen', 'share', 'logs', 'memory', 'hang', 'schedule'],
  ...['watch', 'onParentDeath', 'reload'],
];
const needWords: readonly Need[] = ['started', 'ready', 'healthy', 'ended'];
const mostInstances = 1000;

/** What of the stack holds for each of its services. */
export interface ServiceFrame {
  readonly env: OwnEnvironment;
  readonly logs: CheckedLogs;
  readonly listeners: Readonly<Record<string, CheckedListener>>;
  /** Of each service: the listeners whose connections a route gives to it. */
  readonly routed: ReadonlyMap<unknown, readonly string[]>;
}

export function checkService(
  stack: Fields,
  name: string,
  value: unknown,
  frame: ServiceFrame,
  around: Surroundings,
): CheckedService | undefined {
  const fields = Fields.of(stack.findings, `services.${name}`, value, known);
  if (fields === undefined) return undefined;
  const ownEnv = { ...frame.env, ...ownEnvironment(fields, around) };
  const env = composeEnvironment(around.environment, ownEnv);
  const needs = checkNeeds(fields);
  const isMadeLater = Object.values(needs).includes('ended');
  const cwd = checkCwd(fields, around, isMadeLater);
  const program = checkProgram(fields, around, { cwd, env, isMadeLater });
  const listen = checkListen(fields, frame.listeners);
  const isNode = program !== undefined && program.kind !== 'run';
  const schedule = checkSchedule(fields, around);
  const routed = frame.routed.get(name) ?? [];
  if (program?.kind === 'host') checkHosted(fields, { listen, routed }, frame.listeners);
  const service = {
    name,
    instances: checkInstances(fields, around),
    env,
    ownEnv,
    cwd,
    user: checkAccount(fields, 'user', around),
    group: checkAccount(fields, 'group', around),
    needs,
    ready: checkReady(fields, around, listen.length + routed.length),
    health: checkHealth(fields),
    restart: checkRestart(fields, fields.has('schedule')),
    stop: checkStop(fields),
    listen,
    routed,
    share: checkShare(fields, listen, frame.listeners, around),
    logs: checkLogs(fields, frame.logs),
    memory: checkMemory(fields),
    hang: checkHang(fields, isNode || program === undefined),
    schedule,
    watch: checkWatch(fields, around),
    onParentDeath: fields.oneOf('onParentDeath', ['die', 'survive'], 'die'),
    reload: checkReload(fields),
  };
  return program && { ...service, program };
}

function checkInstances(fields: Fields, { system }: Surroundings): number {
  if (fields.get('instances') === 'cpus') return system.processors;
  if (typeof fields.get('instances') !== 'string')
    return fields.number('instances', 1, { max: mostInstances }, "a number or 'cpus'");
  const given = fields.get('instances') as string;
  fields.wrong(
    'instances',
    `is ${shown(given)}`,
    /^\d+$/.test(given) ? `write ${given}, without quotes` : "write a number or 'cpus'",
  );
  return 1;
}

function checkCwd(fields: Fields, { directory, system }: Surroundings, isMadeLater: boolean): string {
  const given = fields.text('cwd', 'write the path of a folder');
  const cwd = given === undefined ? directory : pathIn(directory, given);
  if (given !== undefined && !isMadeLater && system.is(cwd) !== 'folder')
    fields.wrong(
      'cwd',
      `is ${shown(given)}, and there is no such folder`,
      `make it, or write another; it is relative to ${directory}`,
    );
  return cwd;
}

function checkAccount(
  fields: Fields,
  key: 'user' | 'group',
  { system }: Surroundings,
): string | number | undefined {
  const value = fields.get(key);
  if (value === undefined) return undefined;
  const isId = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
  if (!isId && !(typeof value === 'string' && value !== '')) {
    fields.wrong(key, `is ${shown(value)}`, `write the name or number of a ${key}`);
    return undefined;
  }
  if (!system.isRoot)
    fields.wrong(
      key,
      'is given, and the supervisor is not root',
      'run the supervisor as root, or leave it out',
    );
  else if (!(key === 'user' ? system.hasUser(value) : system.hasGroup(value)))
    fields.wrong(
      key,
      `is ${shown(value)}, and there is no such ${key}`,
      `write one that there is: getent ${key === 'user' ? 'passwd' : 'group'}`,
    );
  return value;
}

function checkNeeds(fields: Fields): Record<string, Need> {
  const value = fields.get('needs');
  if (isRecord(value)) {
    const needs = new Fields(fields.findings, fields.at('needs'), value);
    const names = Object.keys(value).filter((name) => value[name] !== undefined);
    return Object.fromEntries(names.map((name) => [name, needs.oneOf(name, needWords, 'ready')]));
  }
  const names = fields.texts('needs', "write a list of services, or { name: 'ready' }") ?? [];
  return Object.fromEntries(names.map((name) => [name, 'ready']));
}

function checkListen(fields: Fields, listeners: Readonly<Record<string, CheckedListener>>): string[] {
  const names = fields.texts('listen', "write a list of listeners: ['web']") ?? [];
  for (const [index, name] of names.entries()) {
    if (!Object.hasOwn(listeners, name))
      fields.wrong(
        `listen.${index}`,
        `is ${shown(name)}, which is no listener`,
        didYouMean(name, Object.keys(listeners), 'declare it in listeners'),
      );
    if (names.indexOf(name) < index)
      fields.wrong(`listen.${index}`, `is ${shown(name)} again`, 'leave it out');
  }
  return names;
}

/** What is hosted answers whoever reaches it: nobody, or this machine alone. */
function checkHosted(
  fields: Fields,
  { listen, routed }: Pick<CheckedService, 'listen' | 'routed'>,
  listeners: ServiceFrame['listeners'],
): void {
  if (listen.length + routed.length === 0)
    fields.wrong(
      'listen',
      'is missing: nobody could call what it hosts',
      "declare a listener, and write listen: ['its name']",
    );
  for (const [index, name] of [...listen, ...routed].entries()) {
    const address = listeners[name]?.address;
    const parsed = address === undefined ? undefined : parseAddress(address);
    if (parsed?.kind === 'tcp' && isIP(parsed.host) !== 0 && !isLoopback(parsed.host))
      fields.wrong(
        index < listen.length ? `listen.${index}` : '',
        `${index < listen.length ? 'is' : 'gets the connections of'} ${address}, where others than this machine could call what it hosts`,
        'listen at 127.0.0.1, or serve it yourself, with a secret: fork, and serve(inherited(...))',
      );
  }
}

function checkShare(
  fields: Fields,
  listen: readonly string[],
  listeners: Readonly<Record<string, CheckedListener>>,
  { system }: Surroundings,
): 'shared' | 'reusePort' {
  const share = fields.oneOf('share', ['shared', 'reusePort'], 'shared');
  if (share === 'shared') return share;
  const other = listen.find((name) => !(listeners[name]?.address ?? 'tcp:').startsWith('tcp:'));
  if (system.platform !== 'linux')
    fields.wrong('share', "is 'reusePort', which there is on Linux alone", 'leave it out');
  else if (other !== undefined)
    fields.wrong('share', `is 'reusePort', and ${other} has no port`, 'leave it out');
  return share;
}
