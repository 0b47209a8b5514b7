/** Middleware: schemas for the functions of a service, by name; for either end of a call. */
import { KindredError } from '../../base/errors.ts';
import type { Middleware } from '../peer.ts';
import { type Arguments, checkArguments, checkResult, type MethodSchemas } from './schemas.ts';
import type { SchemaOutput, StandardSchema } from './standard-schema.ts';

/** By the name of the function, dotted where it is nested. */
export type ServiceSchemas = Readonly<Record<string, MethodSchemas>>;

/** A service of which only the schemas are known, for `connect<ServiceOf<typeof schemas>>(...)`. */
export type ServiceOf<S extends ServiceSchemas> = {
  readonly [K in keyof S]: (...args: Arguments<S[K]['params'], 'input'>) => ResultOf<S[K]>;
};

type ResultOf<M extends MethodSchemas> = M extends { readonly items: infer I extends StandardSchema }
  ? AsyncIterable<SchemaOutput<I>>
  : M extends { readonly result: infer R extends StandardSchema }
    ? Promise<SchemaOutput<R>>
    : Promise<unknown>;

/**
 * Checks the arguments and results of the functions that `schemas` names; others go through. In: the function gets what
 * the schemas make of the arguments. Out: the arguments are sent as they were given, for the other end may have the same
 * schemas. The result is what its schema makes of it, on both sides.
 *
 * Calls fail as those of `checked`; out with the outcome `not-sent`, or `executed` where it is the result. Throws
 * `ERR_BAD_ARGUMENT`.
 */
export function validation(schemas: ServiceSchemas): Middleware {
  const known = new Map(Object.entries(schemas));
  for (const [name, method] of known) checkSchemas(name, method);
  const middleware: Middleware = (next) => async (call) => {
    const method = known.get(call.method);
    if (method === undefined) return next(call);
    const isOut = call.direction === 'out';
    const args = await about(isOut ? 'not-sent' : undefined, () =>
      checkArguments(method.params, call.args, call.method),
    );
    const value = await next(isOut || args === call.args ? call : { ...call, args });
    // A notification that has left has no result.
    if (isOut && call.kind === 'notification') return value;
    return about(isOut ? 'executed' : undefined, () => checkResult(method, value, call.method));
  };
  return Object.defineProperty(middleware, key, { value: known });
}

/** Shared by every copy of the package in this process. */
const key = Symbol.for('kindred.validation');

/** What stands around a function checks by these: the first that says something of its arguments, or of its result, counts. */
export function schemasAround(middleware: readonly Middleware[], method: string): MethodSchemas | undefined {
  const found = middleware.flatMap((one) => {
    const schemas = (one as { [key]?: ReadonlyMap<string, MethodSchemas> })[key]?.get(method);
    return schemas === undefined ? [] : [schemas];
  });
  return found.length === 0 ? undefined : firstOf(found);
}

/** Those of a stream and those of a value are of one result: what is not said by the one is not added from the other. */
export function firstOf(all: readonly MethodSchemas[]): MethodSchemas {
  const { result, items } = all.find((one) => one.result !== undefined || one.items !== undefined) ?? {};
  return { params: all.find((one) => one.params !== undefined)?.params, result, items };
}

/** Of what this end itself found wrong with a call that it makes. */
async function about<T>(outcome: 'not-sent' | 'executed' | undefined, work: () => Promise<T>): Promise<T> {
  if (outcome === undefined) return work();
  try {
    return await work();
  } catch (error) {
    throw error instanceof KindredError ? error.withOutcome(outcome) : error;
  }
}

function checkSchemas(name: string, { params, result, items }: MethodSchemas): void {
  for (const schema of [params, result, items].flat())
    if (
      schema !== undefined &&
      typeof (schema as Partial<StandardSchema>)['~standard']?.validate !== 'function'
    )
      throw new KindredError(
        'ERR_BAD_ARGUMENT',
        `the schemas of ${name}: one of them is no Standard Schema (https://standardschema.dev)`,
      );
}
