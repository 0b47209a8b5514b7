/** The environment of a service: of the supervisor, of the stack, of its own, each above the one before. */
import { parseEnv } from 'node:util';
import { reasonOf } from '../../transports/system-errors.ts';
import type { Fields } from './fields.ts';
import { isRecord } from './fields.ts';
import { shown } from './mistake.ts';
import { pathIn, type Surroundings } from './surroundings.ts';

/** null: taken away. */
export type OwnEnvironment = Record<string, string | null>;

/** What `envFiles` and `env` of a stack or a service say; a later file is above an earlier one, `env` above all. */
export function ownEnvironment(fields: Fields, { directory, system }: Surroundings): OwnEnvironment {
  const own: OwnEnvironment = {};
  const files = fields.texts('envFiles', "write a list of files: ['.env']") ?? [];
  for (const [index, file] of files.entries()) {
    try {
      Object.assign(own, parseEnv(system.read(pathIn(directory, file))));
    } catch (error) {
      fields.wrong(
        `envFiles.${index}`,
        `is ${shown(file)}, which cannot be read: ${reasonOf(error)}`,
        `write a file with NAME=value lines there, or leave it out`,
      );
    }
  }
  return { ...own, ...givenEnvironment(fields) };
}

function givenEnvironment(fields: Fields): OwnEnvironment {
  const given = fields.get('env');
  if (given === undefined) return {};
  if (!isRecord(given)) {
    fields.wrong('env', `is ${shown(given)}`, "write an object: { NAME: 'value' }");
    return {};
  }
  const env: OwnEnvironment = {};
  for (const [name, value] of Object.entries(given)) {
    if (name === '' || /[=\0]/.test(name))
      fields.wrong(`env.${name}`, 'is no name of a variable', 'leave out = and NUL');
    else if (value === undefined || value === null) env[name] = null;
    else if (typeof value === 'string' && !value.includes('\0')) env[name] = value;
    else if (typeof value === 'number' || typeof value === 'boolean') env[name] = String(value);
    else
      fields.wrong(`env.${name}`, `is ${shown(value)}`, 'write a text without NUL, a number, true or false');
  }
  return env;
}

/** What a service gets. */
export function composeEnvironment(
  inherited: Readonly<Record<string, string | undefined>>,
  own: OwnEnvironment,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...inherited, ...own }))
    if (value !== undefined && value !== null) env[name] = value;
  return env;
}
