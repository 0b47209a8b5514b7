/** A function with its schemas: it checks what it gets and what it gives, whoever calls it. */
import {
  type Arguments,
  checkArguments,
  checkResult,
  type MethodSchemas,
  type ParamsSchema,
} from './schemas.ts';
import type { SchemaInput, SchemaOutput, StandardSchema } from './standard-schema.ts';

/** A function of a service, with the types that its schemas say: a caller gives the input of `params`. */
export type Checked<P, R> = (...args: Arguments<P, 'input'>) => Promise<R>;

/** What a stream's function returns. */
type Streams<T> = AsyncIterable<T> | ReadableStream<T>;

/**
 * The function `run`, behind the schemas of its arguments, and of its result or its items. It gets what the schemas make of
 * the arguments, and its caller what they make of the result.
 *
 * The call fails with `ERR_INVALID_PARAMS` (-32602), or `ERR_INVALID_RESULT` (-32603), and `{ issues }` as its `data`: a
 * list of `{ message, path }`.
 */
export function checked<const P extends ParamsSchema, I extends StandardSchema>(
  schemas: { readonly params: P; readonly items: I },
  run: (...args: Arguments<P, 'output'>) => Streams<SchemaInput<I>> | Promise<Streams<SchemaInput<I>>>,
): Checked<P, AsyncIterable<SchemaOutput<I>>>;
export function checked<const P extends ParamsSchema, R extends StandardSchema>(
  schemas: { readonly params: P; readonly result: R },
  run: (...args: Arguments<P, 'output'>) => SchemaInput<R> | Promise<SchemaInput<R>>,
): Checked<P, SchemaOutput<R>>;
export function checked<const P extends ParamsSchema, T>(
  schemas: { readonly params: P },
  run: (...args: Arguments<P, 'output'>) => T,
): Checked<P, Awaited<T>>;
export function checked(
  schemas: MethodSchemas,
  run: (...args: never[]) => unknown,
): (...args: unknown[]) => Promise<unknown> {
  const name = run.name || 'the function';
  const behind = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    const fitting = await checkArguments(schemas.params, args, name);
    return checkResult(schemas, await run.apply(this, fitting as never[]), name);
  };
  const kept: Kept = { schemas, run };
  return Object.defineProperty(behind, key, { value: kept });
}

/** Shared by every copy of the package in this process. */
const key = Symbol.for('kindred.schemas');

interface Kept {
  schemas: MethodSchemas;
  run: (...args: never[]) => unknown;
}

/** The schemas of a function that `checked` has made; undefined of any other. */
export function schemasOf(run: object): MethodSchemas | undefined {
  return (run as { [key]?: Kept })[key]?.schemas;
}

/** The function as it was written, whose source tells its parameters. */
export function writtenAs<Run extends (...args: never[]) => unknown>(run: Run): Run {
  return ((run as { [key]?: Kept })[key]?.run as Run | undefined) ?? run;
}
