/** From the word MODULE to a service: the file is loaded, and one of its exports, or all of them, are what is offered. */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { UsageError } from './usage.ts';

type Exports = Readonly<Record<string, unknown>>;

const extensions = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'];

/** How deep functions are looked for in an export. */
const maxNesting = 4;

/** A module that fails while it is loaded; `cause` is its error. */
export class ModuleError extends Error {}

/** Loads the module in the file. Throws `UsageError` where there is none, `ModuleError` where it fails. */
export async function loadModule(word: string): Promise<Exports> {
  const { href } = urlOf(word);
  try {
    return (await import(href)) as Exports;
  } catch (cause) {
    throw new ModuleError(`${word} cannot be loaded${placeIn(cause)}`, { cause });
  }
}

/** Where in the user's own files it happened, as far as the error says so. */
function placeIn(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const [, place] = /^(\/\S+:\d+)\n/.exec(stack) ?? /(file:\/\/[^\s)]+:\d+:\d+)/.exec(stack) ?? [];
  return place === undefined ? '' : `, at ${place.replace(/^file:\/\//, '')}`;
}

/** The URL of the file. Throws `UsageError` where there is none. */
export function urlOf(word: string): URL {
  return pathToFileURL(fileOf(word));
}

function fileOf(word: string): string {
  const file = word.startsWith('file:') && URL.canParse(word) ? fileURLToPath(word) : resolve(word);
  if (isFile(file)) return file;
  const near = extensions.find((extension) => isFile(file + extension));
  if (near !== undefined) throw new UsageError(`there is no file ${word}: did you mean ${word}${near}?`);
  if (existsSync(file)) throw new UsageError(`${word} is a directory: name the module's file`);
  throw new UsageError(`there is no file ${word}: MODULE is the path of a module, for example ./math.ts`);
}

/**
 * What the module offers: the export of that name; else a default export that holds all other exports (or stands
 * alone, as in a CommonJS module); else all exports under their names.
 */
export function serviceOf(module: Exports, word: string, name?: string): object {
  const service = name === undefined ? defaultService(module) : exportOf(module, word, name);
  if (!offersAnything(service)) {
    const where = name === undefined ? word : `the export ${name} of ${word}`;
    throw new UsageError(
      `${where} offers no functions: export some, for example: export const add = (a, b) => a + b`,
    );
  }
  return service;
}

function defaultService(module: Exports): object {
  const { default: main, ...others } = module;
  const isWhole =
    isObject(main) &&
    Object.entries(others).every(
      ([name, value]) => name === 'module.exports' || name === '__esModule' || memberOf(main, name) === value,
    );
  return isWhole ? main : module;
}

function exportOf(module: Exports, word: string, name: string): object {
  if (!Object.hasOwn(module, name))
    throw new UsageError(
      `${word} has no export ${name}: it exports ${Object.keys(module).join(', ') || 'nothing'}`,
    );
  const value = module[name];
  if (!isObject(value))
    throw new UsageError(
      `the export ${name} of ${word} is ${typeof value === 'function' ? 'a function' : 'no object'}: --export names an object of functions; without it all exported functions are served`,
    );
  return value;
}

function memberOf(object: object, name: string): unknown {
  return (object as Exports)[name];
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Whether there is any function in it, its own or of its classes. What is offered in the end the library decides. */
function offersAnything(object: object, depth: number = 0): boolean {
  for (
    let holder: object | null = object;
    holder !== null && holder !== Object.prototype;
    holder = Object.getPrototypeOf(holder) as object | null
  )
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
      if (name === 'constructor') continue;
      if (typeof value === 'function') return true;
      if (isObject(value) && depth < maxNesting && offersAnything(value, depth + 1)) return true;
    }
  return false;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
