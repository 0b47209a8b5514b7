/** What of an error travels, and how its parts are numbered on the wire. Stacks stay where they arose. */
import type { Outcome } from '../../base/errors.ts';

/** The standard classes: the number on the wire is the place in this list. */
const classes: readonly (new (message?: string) => Error)[] = [
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
];
const classNames: readonly string[] = [...classes.map((type) => type.name), 'AggregateError'];
const aggregateKind = classes.length;

/** Bits of the flags of an ERROR: which parts follow the message, in this order. */
export const errorFlags = { name: 1, cause: 2, errors: 4, properties: 8 } as const;
/** Bits of the flags of a KINDRED_ERROR; the lowest two say the outcome. */
export const kindredErrorFlags = { retryable: 4, name: 8, cause: 16, data: 32 } as const;
export const outcomes: readonly (Outcome | undefined)[] = [undefined, 'not-sent', 'executed', 'unknown'];
export const kindredErrorName = 'KindredError';

/** The standard class nearest to the error's own, and the name that comes with it. */
export function errorClassOf(error: Error): { kind: number; defaultName: string } {
  let kind = error instanceof AggregateError ? aggregateKind : 0;
  // The name tells it where the error is of another realm, whose classes are not ours.
  if (!(error instanceof Error)) kind = Math.max(0, classNames.indexOf((error as Error).name));
  for (let i = 1; i < classes.length; i++) if (error instanceof (classes[i] as typeof Error)) kind = i;
  return { kind, defaultName: classNames[kind] as string };
}

/** An error of that class, without a stack of its own; undefined where there is no such class. */
export function makeError(kind: number, message: string): Error | undefined {
  if (kind === aggregateKind) return new AggregateError([], message);
  const type = classes[kind];
  return type === undefined ? undefined : new type(message);
}

/** The parts of an error that travel. */
export interface ErrorOwn {
  name: string;
  message: string;
  cause: { value: unknown } | undefined;
  errors: { value: unknown } | undefined;
  properties: readonly (readonly [string, unknown])[];
}

const saidApart: ReadonlySet<string> = new Set(['name', 'message', 'stack']);

export function errorOwn(error: Error): ErrorOwn {
  const own = error as unknown as Record<string, unknown>;
  const properties = Object.keys(error)
    .filter((key) => !saidApart.has(key))
    .map((key) => [key, own[key]] as const);
  // Some classes keep their code in the prototype.
  const { code } = own;
  if ((typeof code === 'string' || typeof code === 'number') && !properties.some(([key]) => key === 'code'))
    properties.push(['code', code]);
  return {
    name: String(error.name),
    message: String(error.message),
    cause: hidden(error, 'cause'),
    errors: hidden(error, 'errors'),
    properties,
  };
}

/** A property as the language's own constructors make it: own, and not enumerable. */
function hidden(error: Error, name: string): { value: unknown } | undefined {
  const property = Object.getOwnPropertyDescriptor(error, name);
  if (property === undefined || property.enumerable === true) return undefined;
  return { value: (error as unknown as Record<string, unknown>)[name] };
}
