/** What the schemas of a function say of its arguments and of its result. */
import { KindredError } from '../../base/errors.ts';
import { isSource, iterate, type Source } from '../streams.ts';
import type { SchemaInput, SchemaIssue, SchemaOutput, StandardSchema } from './standard-schema.ts';

/** Of the arguments: one schema for each, or one for the list of them all. */
export type ParamsSchema = StandardSchema | readonly StandardSchema[];

/** Of one function. What is not given is not checked. */
export interface MethodSchemas {
  readonly params?: ParamsSchema | undefined;
  /** Of what the function returns, or its promise resolves with. */
  readonly result?: StandardSchema | undefined;
  /** Of each item, where the result is a stream. */
  readonly items?: StandardSchema | undefined;
}

/** The arguments that fit: as the caller gives them (`input`), as the function gets them (`output`). */
export type Arguments<P, Side extends 'input' | 'output'> = P extends StandardSchema
  ? Extract<Of<P, Side>, readonly unknown[]>
  : P extends readonly StandardSchema[]
    ? Places<P, Side>
    : unknown[];

type Of<S extends StandardSchema, Side> = Side extends 'input' ? SchemaInput<S> : SchemaOutput<S>;

/** Those at the end that may be undefined may be left out. */
type Places<P extends readonly StandardSchema[], Side> = P extends readonly [
  ...infer Head extends readonly StandardSchema[],
  infer Last extends StandardSchema,
]
  ? undefined extends Of<Last, Side>
    ? [...Places<Head, Side>, Of<Last, Side>?]
    : { -readonly [I in keyof P]: P[I] extends StandardSchema ? Of<P[I], Side> : never }
  : [];

/** What does not fit, as it goes to the caller: `data.issues` of `ERR_INVALID_PARAMS` and `ERR_INVALID_RESULT`. */
export interface Issue {
  readonly message: string;
  /** Of arguments it begins with the place of the argument, from 0. */
  readonly path: readonly (string | number)[];
}

/** More are not told. */
const maxIssues = 64;
/** Characters of one message, or of one name in a path. */
const maxWords = 1024;

/** The arguments as their schemas give them. Throws `ERR_INVALID_PARAMS`. */
export async function checkArguments(
  schema: ParamsSchema | undefined,
  args: readonly unknown[],
  method: string,
): Promise<readonly unknown[]> {
  if (schema === undefined) return args;
  const { value, issues } = isList(schema) ? await checkEach(schema, args) : await check(schema, args, []);
  if (issues.length === 0 && Array.isArray(value)) return value as unknown[];
  throw misfit('ERR_INVALID_PARAMS', `${method}: its arguments do not fit`, issues);
}

/** The result as its schema gives it; a stream checks its items as they come. Throws `ERR_INVALID_RESULT`. */
export async function checkResult(
  { result, items }: MethodSchemas,
  value: unknown,
  method: string,
): Promise<unknown> {
  if (items !== undefined && isSource(value)) return new CheckedStream(value, items, method);
  const schema = items === undefined ? result : noStream;
  if (schema === undefined) return value;
  const checked = await check(schema, value, []);
  if (checked.issues.length === 0) return checked.value;
  throw misfit('ERR_INVALID_RESULT', `${method}: its result does not fit`, checked.issues);
}

const noStream: StandardSchema = {
  '~standard': {
    version: 1,
    vendor: 'kindred',
    validate: () => ({ issues: [{ message: 'expected a stream' }] }),
  },
};

class CheckedStream implements AsyncIterable<unknown> {
  readonly #source: Source & { cancel?: unknown };
  readonly #schema: StandardSchema;
  readonly #method: string;

  constructor(source: Source, schema: StandardSchema, method: string) {
    this.#source = source;
    this.#schema = schema;
    this.#method = method;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, undefined> {
    const items = iterate(this.#source);
    try {
      for (let place = 0; ; place++) {
        const item = await items.next();
        if (item.done === true) return undefined;
        const { value, issues } = await check(this.#schema, item.value, [place]);
        if (issues.length > 0)
          throw misfit('ERR_INVALID_RESULT', `${this.#method}: an item of its stream does not fit`, issues);
        yield value;
      }
    } finally {
      await items.return?.();
    }
  }

  /** As that of a stream from the other end. */
  cancel(): void {
    const { cancel } = this.#source;
    if (typeof cancel === 'function') void cancel.call(this.#source);
  }
}

interface Checked {
  value: unknown;
  issues: readonly Issue[];
}

function isList(schema: ParamsSchema): schema is readonly StandardSchema[] {
  return Array.isArray(schema);
}

async function checkEach(schemas: readonly StandardSchema[], args: readonly unknown[]): Promise<Checked> {
  const value: unknown[] = [];
  const issues: Issue[] = [];
  for (const [place, schema] of schemas.entries()) {
    const checked = await check(schema, args[place], [place]);
    value.push(checked.value);
    issues.push(...checked.issues);
  }
  if (args.length > schemas.length)
    issues.push({
      message: `expected at most ${schemas.length} arguments, got ${args.length}`,
      path: [schemas.length],
    });
  // What was left out stays so: a function may count its arguments, and have defaults of its own.
  while (value.length > args.length && value.at(-1) === undefined) value.pop();
  return { value, issues };
}

async function check(
  schema: StandardSchema,
  value: unknown,
  path: readonly (string | number)[],
): Promise<Checked> {
  const result = await schema['~standard'].validate(value);
  if (result.issues === undefined) return { value: result.value, issues: [] };
  return { value: undefined, issues: result.issues.map((issue) => told(issue, path)) };
}

function told({ message, path = [] }: SchemaIssue, before: readonly (string | number)[]): Issue {
  // Some libraries have paths of an array class of their own, whose `map` does not make a plain one.
  const steps = Array.from(path, (step) => {
    const key = typeof step === 'object' ? step.key : step;
    return typeof key === 'number' ? key : String(key).slice(0, maxWords);
  });
  return { message: String(message).slice(0, maxWords), path: [...before, ...steps] };
}

function misfit(
  code: 'ERR_INVALID_PARAMS' | 'ERR_INVALID_RESULT',
  what: string,
  issues: readonly Issue[],
): KindredError {
  const [first] = issues;
  const at = first === undefined || first.path.length === 0 ? '' : `${first.path.join('.')}: `;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  return new KindredError(code, `${what}: ${at}${first?.message ?? 'its schema gave no list'}${more}`, {
    data: { issues: issues.slice(0, maxIssues) },
  });
}
