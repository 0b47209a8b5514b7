/**
 * What a service says of itself when asked with `rpc.discover`: an OpenRPC document (https://spec.open-rpc.org).
 *
 * Nothing is guessed: parameters without a name of their own are counted, and what no schema tells has the schema `{}`,
 * which is any value.
 */
import { isRecord } from '../base/is-record.ts';
import { type JsonSchema, jsonSchemaOf, maySkip, Shelf } from './json-schemas.ts';
import { writtenAs } from './middleware/checked.ts';
import type { MethodSchemas } from './middleware/schemas.ts';
import type { StandardSchema } from './middleware/standard-schema.ts';
import type { Method } from './service.ts';

export interface OpenRpcParameter {
  name: string;
  required: boolean;
  /** JSON Schema, draft 7. `{}`: any value, or not told. */
  schema: JsonSchema;
}

export interface OpenRpcMethod {
  name: string;
  /** The first paragraph of what its source says of it. */
  summary?: string;
  /** All of it, where that is more. */
  description?: string;
  deprecated?: boolean;
  params: OpenRpcParameter[];
  result: { name: string; schema: JsonSchema };
  paramStructure: 'either' | 'by-position' | 'by-name';
  /** The call answers with a stream of items. */
  'x-stream'?: boolean;
  /** Of each item of the stream. */
  'x-items'?: JsonSchema;
  /** The parameters are not known by name. */
  'x-unnamed'?: boolean;
  /** The last parameter takes all further arguments; its schema is that of each of them. */
  'x-rest'?: boolean;
}

/** An OpenRPC document as a Kindred gives it. */
export interface OpenRpc {
  openrpc: string;
  info: { title: string; version: string };
  methods: OpenRpcMethod[];
  /** What `$ref` in the schemas above leads to. */
  components?: { schemas: Record<string, JsonSchema> };
}

/** What the source of a function says of it. */
export interface Remark {
  readonly summary: string;
  readonly description?: string | undefined;
  readonly deprecated?: boolean | undefined;
}

/** Beside the functions themselves. */
export interface Known {
  /** Of a function by its name, dotted where it is nested. */
  schemas?: ((method: Method) => MethodSchemas | undefined) | undefined;
  remarks?: ((method: string) => Remark | undefined) | undefined;
}

export function describe(methods: ReadonlyMap<string, Method>, known: Known = {}): OpenRpc {
  const shelf = new Shelf();
  const described = [...methods.values()].map((method) => describeMethod(method, known, shelf));
  return {
    openrpc: '1.3.2',
    info: { title: 'a Kindred service', version: '0' },
    methods: described,
    ...(shelf.isEmpty ? {} : { components: { schemas: shelf.schemas } }),
  };
}

function describeMethod(method: Method, { schemas: find, remarks }: Known, shelf: Shelf): OpenRpcMethod {
  const { name } = method;
  const schemas = find?.(method) ?? {};
  const places = withSchemas(placesOf(method), schemas.params, name, shelf);
  const { isUnnamed, isRest } = places;
  const result = comingOut(schemas.result, `${name}.result`, shelf);
  const items = comingOut(schemas.items, `${name}.items`, shelf);
  const isStream = schemas.items !== undefined || isGenerator(writtenAs(method.run));
  const remark = remarks?.(name);
  return {
    name,
    ...(remark === undefined ? {} : told(remark)),
    params: places.params,
    result: { name: 'result', schema: isStream ? {} : (result ?? {}) },
    paramStructure: isUnnamed || isRest ? 'by-position' : 'either',
    ...(isStream ? { 'x-stream': true } : {}),
    ...(items === undefined ? {} : { 'x-items': items }),
    ...(isUnnamed ? { 'x-unnamed': true } : {}),
    ...(isRest ? { 'x-rest': true } : {}),
  };
}

interface Places {
  params: OpenRpcParameter[];
  isUnnamed: boolean;
  isRest: boolean;
}

/** As the text of the function tells. */
function placesOf({ run: behind, parameters }: Method): Places {
  const run = writtenAs(behind);
  const names = parameters ?? Array.from({ length: run.length }, () => '');
  const isRest = names.at(-1)?.startsWith('...') === true;
  return {
    params: names.map((name, i) => ({
      name: nameOf(name, i),
      required: !(isRest && i === names.length - 1) && i < run.length,
      schema: {},
    })),
    isUnnamed: parameters === undefined || names.some((name) => name === '' || name === '...'),
    isRest,
  };
}

function nameOf(place: string | undefined, i: number): string {
  return place?.replace('...', '') || `argument${i + 1}`;
}

/** The schemas of the arguments know how many there are; only the text of the function knows their names. */
function withSchemas(told: Places, params: MethodSchemas['params'], method: string, shelf: Shelf): Places {
  const places = isList(params) ? each(params, method, shelf) : whole(params, method, shelf);
  if (places === undefined) return told;
  const { schemas, required, rest } = places;
  const all = rest === undefined ? schemas : [...schemas, rest];
  const named = told.isRest ? told.params.slice(0, -1) : told.params;
  return {
    params: all.map((schema, i) => ({
      name: (rest !== undefined && i === schemas.length ? told.params[i] : named[i])?.name ?? nameOf('', i),
      required: i < Math.min(required, schemas.length),
      schema,
    })),
    isUnnamed: told.isUnnamed || (all.length > named.length && !(told.isRest && rest !== undefined)),
    isRest: rest !== undefined,
  };
}

interface Fitting {
  schemas: JsonSchema[];
  /** So many of them must be given. */
  required: number;
  /** Of each further one; undefined: there are no more. */
  rest: JsonSchema | undefined;
}

function each(params: readonly StandardSchema[], method: string, shelf: Shelf): Fitting {
  return {
    schemas: params.map((one, i) => goingIn(one, `${method}.${i + 1}`, shelf)),
    required: params.findLastIndex((one) => !maySkip(one)) + 1,
    rest: undefined,
  };
}

/** One schema for the list of all arguments. */
function whole(params: StandardSchema | undefined, method: string, shelf: Shelf): Fitting | undefined {
  if (params === undefined) return undefined;
  const list = jsonSchemaOf(params, 'input');
  if (list?.['type'] !== 'array') return undefined;
  const part = shelf.partsOf(list, `${method}.params`);
  const { items, additionalItems, minItems } = list;
  const required = typeof minItems === 'number' ? minItems : 0;
  // Without `items` as a list all members are alike: what may follow the first is any number of the same.
  if (!Array.isArray(items)) return { schemas: [], required, rest: isRecord(items) ? part('items') : {} };
  const rest =
    additionalItems === false ? undefined : isRecord(additionalItems) ? part('additionalItems') : {};
  const isBounded = list['maxItems'] === items.length;
  return {
    schemas: items.map((_, i) => part('items', String(i))),
    required,
    rest: isBounded ? undefined : rest,
  };
}

function comingOut(schema: StandardSchema | undefined, name: string, shelf: Shelf): JsonSchema | undefined {
  const made = schema === undefined ? undefined : jsonSchemaOf(schema, 'output');
  return made === undefined ? undefined : shelf.put(made, name);
}

function goingIn(schema: StandardSchema, name: string, shelf: Shelf): JsonSchema {
  const made = jsonSchemaOf(schema, 'input');
  return made === undefined ? {} : shelf.put(made, name);
}

function isList(params: MethodSchemas['params']): params is readonly StandardSchema[] {
  return Array.isArray(params);
}

function told({ summary, description, deprecated }: Remark): Partial<OpenRpcMethod> {
  return {
    summary,
    ...(description === undefined ? {} : { description }),
    ...(deprecated === true ? { deprecated } : {}),
  };
}

function isGenerator(run: object): boolean {
  return Object.prototype.toString.call(run) === '[object AsyncGeneratorFunction]';
}
