/** What a service runs: exactly one of `run`, `fork` and `host`. */
import type { Program } from './checked-stack.ts';
import type { Fields } from './fields.ts';
import { shown } from './mistake.ts';
import { pathIn, type Surroundings } from './surroundings.ts';

const kinds = ['run', 'fork', 'host'] as const;

export interface ProgramPlace {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** What it runs may be made by another service that has to end first: it need not be there now. */
  readonly isMadeLater: boolean;
}

export function checkProgram(
  service: Fields,
  { directory, system }: Surroundings,
  { cwd, env, isMadeLater }: ProgramPlace,
): Program | undefined {
  const [kind, ...more] = kinds.filter((each) => service.has(each));
  if (kind === undefined) {
    service.wrong(
      '',
      'says nothing to run',
      "write run: ['program', 'argument'], or fork: './file.ts', or host: './module.ts'",
    );
    return undefined;
  }
  if (more.length > 0) {
    service.wrong('', `has ${[kind, ...more].join(' and ')}`, 'keep one of them');
    return undefined;
  }
  if (kind === 'run') {
    for (const key of ['args', 'execArgv'])
      if (service.has(key)) service.wrong(key, 'is for fork and host', 'write all of the command in run');
    const [command, ...args] = readCommand(service) ?? [];
    if (command === undefined) return undefined;
    if (!isMadeLater && !system.hasProgram(command, env, cwd))
      service.wrong(
        'run',
        `starts ${shown(command)}, and there is no such program`,
        'install it, or write its path',
      );
    return { kind, command, args };
  }
  const args = service.texts('args', 'write a list of texts', { empty: true }) ?? [];
  const execArgv = service.texts('execArgv', "write a list of flags: ['--enable-source-maps']") ?? [];
  const given = service.get(kind);
  if (!(given instanceof URL || (typeof given === 'string' && given !== ''))) {
    service.wrong(kind, `is ${shown(given)}`, "write the path of a module: './web.ts'");
    return undefined;
  }
  if (given instanceof URL ? given.protocol !== 'file:' : /^(?!file:)[a-z]{2,}:/i.test(given)) {
    service.wrong(
      kind,
      `is ${shown(String(given))}, which is no file`,
      "write the path of a module: './web.ts'",
    );
    return undefined;
  }
  const module = pathIn(directory, given);
  if (!isMadeLater && system.is(module) !== 'file')
    service.wrong(
      kind,
      `is ${shown(String(given))}, and there is no such file`,
      `write one that there is; it is relative to ${directory}`,
    );
  return { kind, module, args, execArgv };
}

function readCommand(service: Fields): string[] | undefined {
  const given = service.get('run');
  if (typeof given === 'string') {
    const words = given
      .trim()
      .split(/\s+/)
      .map((word) => `'${word}'`);
    service.wrong(
      'run',
      `is ${shown(given)}`,
      `write a list, as no shell takes it apart: [${words.join(', ')}]`,
    );
    return undefined;
  }
  const line = service.texts('run', "write a list: ['program', 'argument']", { empty: true });
  if (line !== undefined && (line[0] ?? '') === '') {
    service.wrong('run', 'names no program', "write ['program', 'argument']");
    return undefined;
  }
  return line;
}
