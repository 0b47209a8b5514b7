/** When a service counts as ready, and as healthy. */
import { KindredError } from '../../base/errors.ts';
import { parseAddress } from '../../transports/address.ts';
import type { CheckedHealth, CheckedReady } from './checked-stack.ts';
import { Fields } from './fields.ts';
import { shown } from './mistake.ts';
import { didYouMean } from './nearest.ts';
import { pathIn, type Surroundings } from './surroundings.ts';

const readyKinds = ['by', 'fd', 'tcp', 'http', 'output', 'file'] as const;
const readyWords = ['call', 'listen', 'notify', 'start'] as const;
const healthKinds = ['tcp', 'http', 'command', 'call'] as const;

/** `inheritedFds`: how many descriptors from 3 on are listeners. */
export function checkReady(service: Fields, around: Surroundings, inheritedFds: number): CheckedReady {
  const canListen = service.has('fork') && inheritedFds > 0;
  // What is hosted says by itself that it is served.
  const by = service.has('host') ? 'call' : canListen ? 'listen' : 'start';
  const otherwise: CheckedReady = { by, timeoutMs: 30_000 };
  const given = service.get('ready');
  if (given === undefined) return otherwise;
  const value = typeof given === 'string' ? { by: given } : given;
  const mend = "write 'call', 'listen', 'notify', or an object with one of by, fd, tcp, http, output, file";
  const known = [...readyKinds, 'timeoutMs'];
  const fields = Fields.of(service.findings, service.at('ready'), value, known, mend);
  if (fields === undefined) return otherwise;
  const timeoutMs = fields.ms('timeoutMs', 30_000);
  const kind = onlyOne(fields, readyKinds, known);
  switch (kind) {
    case undefined:
      return otherwise;
    case 'by': {
      const by = fields.get('by');
      const word = readyWords.find((each) => each === by);
      const where = typeof given === 'string' ? '' : 'by';
      if (word === undefined) fields.wrong(where, `is ${shown(by)}`, didYouMean(by, readyWords));
      if (word === 'notify') checkNotify(fields, where, around);
      if (word === 'listen' && !canListen)
        fields.wrong(
          where,
          "is 'listen', which only a fork with listen can be",
          "name its listeners in listen, or take 'call'",
        );
      return { by: word ?? 'start', timeoutMs };
    }
    case 'fd': {
      const fd = fields.number('fd', 3, { min: 3, max: 255 }, 'a descriptor');
      if (fd < 3 + inheritedFds)
        fields.wrong('fd', `is ${fd}, which is a listener`, `take ${3 + inheritedFds} or a higher one`);
      return { by: 'fd', fd, timeoutMs };
    }
    case 'tcp':
      return { by: 'tcp', address: checkPlace(fields) ?? '', timeoutMs };
    case 'http':
      return { by: 'http', url: checkUrl(fields) ?? '', timeoutMs };
    case 'output': {
      const pattern = fields.get('output');
      if (pattern instanceof RegExp) return { by: 'output', pattern, timeoutMs };
      return { by: 'output', text: fields.text('output', 'write a text or a pattern') ?? '', timeoutMs };
    }
    case 'file':
      return { by: 'file', file: pathIn(around.directory, fields.text('file') ?? ''), timeoutMs };
  }
}

export function checkHealth(service: Fields): CheckedHealth | undefined {
  if (!service.has('health')) return undefined;
  const known = [...healthKinds, 'at', 'everyMs', 'timeoutMs', 'failures'];
  const fields = service.inner('health', known, 'write an object with one of tcp, http, command, call');
  if (fields === undefined) return undefined;
  const pace = {
    everyMs: fields.ms('everyMs', 10_000),
    timeoutMs: fields.ms('timeoutMs', 1000),
    failures: fields.number('failures', 3, { min: 1 }, 'a number of failures'),
  };
  const kind = onlyOne(fields, healthKinds, known);
  if (fields.has('at') && kind !== undefined && kind !== 'call')
    fields.wrong('at', `says where a call goes, and there is ${kind}`, 'leave it out');
  switch (kind) {
    case undefined:
      return undefined;
    case 'tcp':
      return { by: 'tcp', address: checkPlace(fields) ?? '', ...pace };
    case 'http':
      return { by: 'http', url: checkUrl(fields) ?? '', ...pace };
    case 'command': {
      const line = fields.texts('command', "write a program with its arguments: ['pg_isready', '-q']", {
        empty: true,
      });
      const [command = '', ...args] = line ?? [];
      if (line !== undefined && command === '')
        fields.wrong('command', 'names no program', "write ['pg_isready', '-q']");
      return { by: 'command', command, args, ...pace };
    }
    case 'call': {
      const method = fields.text('call', 'write the name of a function') ?? '';
      const at = fields.text('at', 'write an address') ?? '';
      if (!fields.has('at')) fields.wrong('at', 'is missing', 'write the address of the service: local:web');
      else if (at !== '') checkParses(fields, 'at', at);
      return { by: 'call', method, at, ...pace };
    }
  }
}

function onlyOne<Kind extends string>(
  fields: Fields,
  kinds: readonly Kind[],
  known: readonly string[],
): Kind | undefined {
  const [kind, ...more] = kinds.filter((each) => fields.has(each));
  // A key that is no option was most likely meant to be one of them, and is noted.
  const isMistyped = Object.keys(fields.values).some((key) => !known.includes(key));
  if (kind === undefined && !isMistyped)
    fields.wrong('', 'says nothing to look at', `write one of ${kinds.join(', ')}`);
  if (more.length > 0) fields.wrong('', `has ${[kind, ...more].join(' and ')}`, `keep one of them`);
  return kind;
}

/** `host:port`, a port of 127.0.0.1, or an address, as an address. */
function checkPlace(fields: Fields): string | undefined {
  const value = fields.get('tcp');
  const mend = "write a port, 'host:port', or an address";
  if (typeof value === 'number') {
    const port = fields.number('tcp', undefined, { min: 1, max: 65_535 }, 'a port');
    return port === undefined ? undefined : `tcp://127.0.0.1:${port}`;
  }
  const text = fields.text('tcp', mend);
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) {
    fields.wrong('tcp', `is ${shown(text)}`, `write ${text}, without quotes`);
    return undefined;
  }
  const address = /^(?:\[[^\]]*\]|[^:/]+):\d+$/.test(text) ? `tcp://${text}` : text;
  return checkParses(fields, 'tcp', address) ? address : undefined;
}

function checkParses(fields: Fields, key: string, address: string): boolean {
  try {
    parseAddress(address);
    return true;
  } catch (error) {
    if (!(error instanceof KindredError)) throw error;
    fields.wrong(key, `is ${shown(fields.get(key))}`, error.message);
    return false;
  }
}

function checkUrl(fields: Fields): string | undefined {
  const text = fields.text('http', 'write a URL');
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.href;
  fields.wrong('http', `is ${shown(text)}`, 'write a URL: http://127.0.0.1:8080/health');
  return undefined;
}

/** Node.js has no Unix datagrams: a program that has them takes what comes. */
function checkNotify(fields: Fields, key: string, { system, environment, directory }: Surroundings): void {
  const mend = "or take ready: 'call', or { fd: 3 }";
  if (system.platform !== 'linux')
    fields.wrong(key, "is 'notify', which there is on Linux alone", mend.slice('or '.length));
  else if (!system.hasProgram('socat', { PATH: environment['PATH'] ?? '' }, directory))
    fields.wrong(key, "is 'notify', which needs socat, and there is none", `apt-get install socat, ${mend}`);
}
