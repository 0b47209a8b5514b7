/**
 * What a process offers: the functions of a plain object, of a module, or of an instance of a class.
 *
 * Only those are reachable. The table of names is made once, from own properties alone (and from the classes of an
 * instance), so no name from the wire is ever looked up on an object.
 */
import { KindredError } from '../base/errors.ts';
import type { Params } from '../wire/message.ts';

export type Service = object;

export interface Method {
  readonly name: string;
  readonly run: (...args: unknown[]) => unknown;
  /** `this` of the function: the object that holds it. */
  readonly owner: object;
  /** Names of the parameters, where the source tells them; undefined where it does not. */
  readonly parameters: readonly string[] | undefined;
}

const hidden: ReadonlySet<string> = new Set(['constructor', '__proto__', 'then', 'prototype']);
/** Nesting of objects within a service. */
const maxNesting = 16;

/** Names that a service never offers: private ones, and those that would make a client look like a promise. */
export function isHidden(name: string): boolean {
  return hidden.has(name) || name.startsWith('_') || name.startsWith('#');
}

/** The table of a service's functions by dotted name. Throws `ERR_BAD_ARGUMENT` where it is no object. */
export function methodsOf(service: Service): ReadonlyMap<string, Method> {
  if (typeof service !== 'object' || service === null)
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      `a service is an object or a module of functions, not ${typeof service}`,
    );
  const methods = new Map<string, Method>();
  collect(service, '', methods, []);
  return methods;
}

function collect(owner: object, prefix: string, methods: Map<string, Method>, path: readonly object[]): void {
  if (path.includes(owner) || path.length > maxNesting) return;
  for (const [name, value] of membersOf(owner)) {
    if (isHidden(name)) continue;
    const full = prefix + name;
    if (typeof value === 'function') {
      if (isClass(value)) continue;
      const run = value as Method['run'];
      let parameters: readonly string[] | undefined;
      let asked = false;
      methods.set(full, {
        name: full,
        run,
        owner,
        get parameters() {
          if (!asked) parameters = parametersOf(run);
          asked = true;
          return parameters;
        },
      });
    } else if (isNested(value)) collect(value, `${full}.`, methods, [...path, owner]);
  }
}

/**
 * Own members, then those of the classes of an instance; the nearest of a name wins. Accessors are never run. What is
 * inherited from something not written as a class (`EventEmitter`, built-in types) is nobody's service.
 */
function* membersOf(owner: object): Generator<[string, unknown]> {
  const seen = new Set<string>();
  let object: object | null = owner;
  while (object === owner || (object !== null && isClassPrototype(object))) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
      if (seen.has(name)) continue;
      seen.add(name);
      yield [name, value];
    }
    object = Object.getPrototypeOf(object) as object | null;
  }
}

function isClassPrototype(object: object): boolean {
  const maker: unknown = Object.getOwnPropertyDescriptor(object, 'constructor')?.value;
  return typeof maker === 'function' && isClass(maker);
}

function isNested(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return isClassPrototype(prototype as object) && Object.prototype.toString.call(value) === '[object Object]';
}

function isClass(value: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

/** Parameter names from the source of a function: plain names, with or without a default; undefined for anything else. */
export function parametersOf(run: (...args: never[]) => unknown): readonly string[] | undefined {
  const source = Function.prototype.toString.call(run).replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '');
  const single = /^(?:async\s+)?([A-Za-z_$][\w$]*)\s*=>/.exec(source);
  if (single !== null) return [single[1] as string];
  const start = source.indexOf('(');
  if (start < 0 || source.includes('[native code]')) return undefined;
  const list = splitTopLevel(source, start + 1);
  const names: string[] = [];
  for (const part of list ?? []) {
    const name = /^(\.\.\.)?([A-Za-z_$][\w$]*)\s*(?:=|$)/.exec(part.trim());
    if (name === null) return undefined;
    names.push((name[1] ?? '') + (name[2] as string));
  }
  return list === undefined ? undefined : names;
}

/** The parts of a parenthesised list, split at its own commas; undefined where a string makes that a guess. */
function splitTopLevel(source: string, start: number): string[] | undefined {
  const parts: string[] = [];
  let depth = 0;
  let from = start;
  for (let i = start; i < source.length; i++) {
    const char = source[i] as string;
    if (char === '"' || char === "'" || char === '`' || char === '/') return undefined;
    if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char)) {
      if (depth === 0) {
        const last = source.slice(from, i);
        if (last.trim() !== '' || parts.length > 0) parts.push(last);
        return parts.filter((part) => part.trim() !== '');
      }
      depth--;
    } else if (char === ',' && depth === 0) {
      parts.push(source.slice(from, i));
      from = i + 1;
    }
  }
  return undefined;
}

/**
 * Positional arguments for a function. Named ones go to the parameters of these names where they all are known; else a
 * function of one parameter gets them as one object. Throws `ERR_INVALID_PARAMS` naming what does not fit.
 */
export function argumentsFor(method: Method, params: Params): readonly unknown[] {
  if (Array.isArray(params)) return params as readonly unknown[];
  const named = params as Readonly<Record<string, unknown>>;
  const given = Object.keys(named);
  const parameters = method.parameters?.filter((name) => !name.startsWith('...'));
  const stranger = given.find((name) => parameters?.includes(name) !== true);
  if (parameters !== undefined && stranger === undefined) {
    const last = Math.max(-1, ...given.map((name) => parameters.indexOf(name)));
    return parameters
      .slice(0, last + 1)
      .map((name) => (Object.hasOwn(named, name) ? named[name] : undefined));
  }
  const count = method.parameters?.length ?? method.run.length;
  if (count <= 1) return given.length === 0 ? [] : [named];
  throw new KindredError(
    'ERR_INVALID_PARAMS',
    `${method.name} has no parameter named ${String(stranger)}${parameters === undefined ? '; give its arguments by position' : `: its parameters are ${parameters.join(', ')}`}`,
  );
}
