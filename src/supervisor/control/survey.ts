/** What is in the runtime directory of this user: its named endpoints, and whether anybody answers there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KindredError } from '../../base/errors.ts';
import type { ProcessIdentity } from '../../process/process-identity.ts';
import { checkRuntimeDirectory, runtimeDirectory } from '../../transports/runtime-directory.ts';
import { probe } from '../../transports/socket-file.ts';
import { findKeeper, stackDirectories } from '../keeper/start-keeper.ts';

export interface LocalSurvey {
  /** Absent on Windows, where names are not in the file system. */
  directory?: string | undefined;
  /** Why it cannot be used, with the mend. */
  fault?: string | undefined;
  endpoints: LocalEndpoint[];
}

export interface LocalEndpoint {
  /** Of `local:NAME`. */
  name: string;
  /** The path of its socket. */
  socket: string;
  /** False: its server has died. What starts at that name next takes it over, and nothing is in the way. */
  alive: boolean;
}

/** So many at most. */
const maxEndpoints = 1000;
/** How the control address of a stack begins. */
const beginning = 'kindred-';

/** Asks each of the endpoints by a connection that is closed at once. */
export async function surveyLocal(): Promise<LocalSurvey> {
  if (process.platform === 'win32') return { endpoints: [] };
  const directory = runtimeDirectory();
  try {
    if (!checkRuntimeDirectory(directory)) return { directory, endpoints: [] };
  } catch (error) {
    if (!(error instanceof KindredError)) throw error;
    return { directory, fault: error.message, endpoints: [] };
  }
  const files = readdirSync(directory)
    .filter((file) => file.endsWith('.sock') && !file.startsWith('.'))
    .slice(0, maxEndpoints);
  const endpoints = await Promise.all(
    files.map(async (file) => {
      const socket = join(directory, file);
      const is = await probe(socket);
      const name = nameIn(join(directory, file.replace(/\.sock$/, '.json'))) ?? file.replace(/\.sock$/, '');
      return is === 'gone' ? undefined : { name, socket, alive: is === 'alive' };
    }),
  );
  return { directory, endpoints: endpoints.filter((endpoint) => endpoint !== undefined) };
}

/** The names of the stacks of this user whose brain answers, in alphabetical order. */
export async function runningStacks(): Promise<string[]> {
  const { endpoints } = await surveyLocal();
  return endpoints
    .filter(({ name, alive }) => alive && name.startsWith(beginning))
    .map(({ name }) => name.slice(beginning.length))
    .sort();
}

/**
 * The keeper of the stack of that name; undefined where none lives. While there is one the stack runs, also when no brain
 * answers just now.
 */
export function keeperOf(name: string): ProcessIdentity | undefined {
  return findKeeper(stackDirectories(name).directory);
}

/** From what its server has written beside the socket: names that are no file names are there only. */
function nameIn(claim: string): string | undefined {
  try {
    const { name } = JSON.parse(readFileSync(claim, 'utf8')) as { name?: unknown };
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined;
  }
}
