/**
 * What schemas say of themselves as JSON Schema (draft 7, which OpenRPC is written in), where their library can: by
 * `~standard.jsonSchema` of Standard JSON Schema. A library that has none says nothing, and nothing is made up for it.
 */
import { isRecord } from '../base/is-record.ts';
import type { StandardSchema } from './middleware/standard-schema.ts';

export type JsonSchema = Record<string, unknown>;

/** What goes into a schema (`input`), or comes out of it. Undefined where the library does not tell. */
export function jsonSchemaOf(schema: StandardSchema, side: 'input' | 'output'): JsonSchema | undefined {
  try {
    // What JSON Schema has no word for (dates, transforms) is any value to those libraries that can leave it open.
    const options = { target: 'draft-07', libraryOptions: { unrepresentable: 'any' } };
    const made: unknown = schema['~standard'].jsonSchema?.[side](options);
    if (!isRecord(made)) return undefined;
    const { $schema: _, ...plain } = JSON.parse(JSON.stringify(made)) as JsonSchema;
    return refsOf(plain).every((ref) => ref.startsWith('#')) ? plain : undefined;
  } catch {
    return undefined;
  }
}

/** Whether an argument may be left out, as the schema itself answers. */
export function maySkip(schema: StandardSchema): boolean {
  try {
    const checked = schema['~standard'].validate(undefined);
    if ('then' in checked) void checked.then(undefined, () => {});
    return !('then' in checked) && checked.issues === undefined;
  } catch {
    return false;
  }
}

/** Schemas that refer to parts of themselves need a place in the document from which these can be found. */
export class Shelf {
  readonly #schemas = new Map<string, JsonSchema>();

  get isEmpty(): boolean {
    return this.#schemas.size === 0;
  }

  get schemas(): Record<string, JsonSchema> {
    return Object.fromEntries(this.#schemas);
  }

  /** The schema as it can stand anywhere in the document. */
  put(schema: JsonSchema, name: string): JsonSchema {
    return this.partsOf(schema, name)();
  }

  /** Gives the part under those keys, as it can stand anywhere in the document. */
  partsOf(schema: JsonSchema, name: string): (...keys: string[]) => JsonSchema {
    if (refsOf(schema).length === 0)
      return (...keys) =>
        keys.reduce<unknown>((part, key) => (part as JsonSchema)[key], schema) as JsonSchema;
    const key = this.#freeKey(name.replace(/[^\w.-]/g, '_'));
    const home = `#/components/schemas/${key}`;
    this.#schemas.set(key, withRefs(schema, (ref) => home + ref.slice(1)) as JsonSchema);
    return (...keys) => ({ $ref: [home, ...keys].join('/') });
  }

  #freeKey(name: string): string {
    for (let n = 1; ; n++) {
      const key = n === 1 ? name : `${name}-${n}`;
      if (!this.#schemas.has(key)) return key;
    }
  }
}

function refsOf(schema: JsonSchema): string[] {
  const refs: string[] = [];
  withRefs(schema, (ref) => {
    refs.push(ref);
    return ref;
  });
  return refs;
}

/** A copy in which each `$ref` is what `change` makes of it. */
function withRefs(value: unknown, change: (ref: string) => string): unknown {
  if (Array.isArray(value)) return value.map((one) => withRefs(one, change));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      key === '$ref' && typeof one === 'string' ? change(one) : withRefs(one, change),
    ]),
  );
}
