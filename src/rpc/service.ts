/**
 * What a process offers: the functions of a plain object, of a module, or of an instance of a class.
 *
 * Only those are reachable. The table of names is made once, from own properties alone (and from the classes of an
 * instance), so no name from the wire is ever looked up on an object.
 */
import { KindredError } from '../base/errors.ts';
import type { Params } from '../wire/message.ts';
import { writtenAs } from './middleware/checked.ts';
import { parametersOf } from './parameters.ts';

export type Service = object;

export interface Method {
  readonly name: string;
  readonly run: (...args: unknown[]) => unknown;
  /** `this` of the function: the object that holds it. */
  readonly owner: object;
  /** As `parametersOf` tells them. */
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
  // What an instance works with is its own affair.
  const isInstance = [...path, owner].some((one) => !isPlain(one));
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
          if (!asked) parameters = parametersOf(writtenAs(run));
          asked = true;
          return parameters;
        },
      });
    } else if (isPlain(value) || (!isInstance && isInstanceOfClass(value)))
      collect(value, `${full}.`, methods, [...path, owner]);
  }
}

/**
 * Own members, then those of the classes of an instance; the nearest of a name wins. Accessors are never run. What is
 * inherited from something built in, or not written as a class (`EventTarget`, `EventEmitter`), is nobody's service.
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
  return typeof maker === 'function' && isClass(maker) && !isGlobal(maker);
}

/** Some built-in types are written as classes. */
function isGlobal(maker: object): boolean {
  const name: unknown = Object.getOwnPropertyDescriptor(maker, 'name')?.value;
  return typeof name === 'string' && (globalThis as Record<string, unknown>)[name] === maker;
}

/** An object, or a module. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isInstanceOfClass(value: unknown): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    isClassPrototype(Object.getPrototypeOf(value) as object) &&
    Object.prototype.toString.call(value) === '[object Object]'
  );
}

export function isClass(value: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

/**
 * Positional arguments for a function. Named ones go to the parameters of these names where they all are known; else a
 * function of exactly one parameter gets them as one object. Throws `ERR_INVALID_PARAMS` naming what does not fit.
 */
export function argumentsFor(method: Method, params: Params): readonly unknown[] {
  if (Array.isArray(params)) return params as readonly unknown[];
  const named = params as Readonly<Record<string, unknown>>;
  const given = Object.keys(named);
  if (given.length === 0) return [];
  const { parameters = [] } = method;
  const names = parameters.filter((name) => !name.startsWith('...'));
  const known = names.length > 0 && !names.includes('');
  const places = given.map((name) => names.indexOf(name));
  if (known && !places.includes(-1))
    return names
      .slice(0, Math.max(...places) + 1)
      .map((name) => (Object.hasOwn(named, name) ? named[name] : undefined));
  if (parameters.length === 1 && names.length === 1) return [named];
  throw new KindredError(
    'ERR_INVALID_PARAMS',
    known
      ? `${method.name} has no parameter named ${given[places.indexOf(-1)]}: its parameters are ${names.join(', ')}`
      : `${method.name} takes no named parameters: give its arguments by position`,
  );
}
