/** An OpenRPC document as an interface of TypeScript, for `connect<Service>(...)`; whoever wrote it. */
import { contractOf } from 'kindred';
import { isRecord, SchemaTypes } from './schema-types.ts';
import { commentOf, indented, isIdentifier, keyOf, quoted } from './typescript-text.ts';

/** The text of a module; `name`: of the interface. Throws `ERR_BAD_ARGUMENT` where the document is none, or a very large one. */
export function interfaceOf(document: Record<string, unknown>, name: string): string {
  const contract = contractOf(document);
  const types = new SchemaTypes(document, [name, 'contract']);
  const root = treeOf(document['methods'], types);
  const body = membersOf(root, types).join('\n');
  const about =
    'What the service offers.\n\nWritten by kindred types, to be written anew and not to be changed.';
  const service = `${commentOf(about)}export interface ${name} {${body === '' ? '' : `\n${indented(body)}\n`}}`;
  const built = `What this was written from: connect<${name}>(address, { contract }) tells where the service has changed since.`;
  const methods = Object.entries(contract.methods).map(([key, hash]) => {
    const own = key === '__proto__' ? "['__proto__']" : keyOf(key);
    return `    ${own}: ${quoted(hash)},\n`;
  });
  const type = '{ readonly hash: string; readonly methods: Readonly<Record<string, string>> }';
  const table = methods.length === 0 ? '{}' : `{\n${methods.join('')}  }`;
  const constant = `${commentOf(built)}export const contract: ${type} = {\n  hash: ${quoted(contract.hash)},\n  methods: ${table},\n};`;
  return `${[service, ...types.declarations(), constant].join('\n\n')}\n`;
}

export function isTypeName(name: string): boolean {
  return isIdentifier(name) && !reserved.has(name) && !builtIn.has(name);
}

type Method = Record<string, unknown>;

interface Group {
  readonly methods: Map<string, Method>;
  readonly groups: Map<string, Group>;
}

/** Groups deeper than this are no longer told apart by their types. */
const maxNesting = 5;

/**
 * Dotted names are functions of objects, `users.find`: as long as each part is a name, and none of them is a function and
 * an object at once. Others stay whole, as `peer.call['a..b']` reaches them.
 */
function treeOf(methods: unknown, types: SchemaTypes): Group {
  const root: Group = { methods: new Map(), groups: new Map() };
  const all = new Map<string, Method>();
  for (const given of Array.isArray(methods) ? (methods as unknown[]) : []) {
    const method = types.resolve(given);
    if (isRecord(method) && typeof method['name'] === 'string') all.set(method['name'], method);
  }
  for (const [full, method] of all) {
    const parts = full.split('.');
    const own = parts.pop() as string;
    const isPlain =
      [...parts, own].every((part) => part !== '' && part !== 'then') && parts.length < maxNesting;
    const isHeld = parts.some((_, i) => all.has(parts.slice(0, i + 1).join('.')));
    if (!isPlain || isHeld) root.methods.set(full, method);
    else parts.reduce(groupIn, root).methods.set(own, method);
  }
  return root;
}

function groupIn({ groups }: Group, name: string): Group {
  const group = groups.get(name) ?? { methods: new Map(), groups: new Map() };
  groups.set(name, group);
  return group;
}

function membersOf({ methods, groups }: Group, types: SchemaTypes): string[] {
  const functions = [...methods].map(
    ([name, method]) => `${commentOf(wordsOf(method))}${keyOf(name)}${signatureOf(method, types)};`,
  );
  const objects = [...groups].map(
    ([name, group]) => `${keyOf(name)}: {\n${indented(membersOf(group, types).join('\n'))}\n};`,
  );
  return [...functions, ...objects];
}

function signatureOf(method: Method, types: SchemaTypes): string {
  return `(${parametersOf(method, types)}): ${answerOf(method, types)}`;
}

function answerOf(method: Method, types: SchemaTypes): string {
  if (method['x-stream'] === true) return `AsyncIterable<${types.typeOf(method['x-items'])}>`;
  const result = types.resolve(method['result']);
  // OpenRPC has no result for what is only ever a notification.
  return isRecord(result) ? `Promise<${types.typeOf(result['schema'])}>` : 'Promise<void>';
}

function parametersOf(method: Method, types: SchemaTypes): string {
  const params = (Array.isArray(method['params']) ? (method['params'] as unknown[]) : [])
    .map((param) => types.resolve(param))
    .filter(isRecord);
  if (params.length === 0) return method['x-unnamed'] === true ? '...args: unknown[]' : '';
  const lastRequired = params.findLastIndex((param) => param['required'] === true);
  if (method['paramStructure'] === 'by-name') return namedOf(params, lastRequired, types);
  const names = uniqueNames(params.map((param) => param['name']));
  return params
    .map(({ schema, required }, i) => {
      if (method['x-rest'] === true && i === params.length - 1)
        return `...${names[i]}: ${types.itemTypeOf(schema)}[]`;
      const type = types.typeOf(schema);
      if (required === true) return `${names[i]}: ${type}`;
      // One that may be left out stands in front of one that may not.
      return i < lastRequired ? `${names[i]}: ${type} | undefined` : `${names[i]}?: ${type}`;
    })
    .join(', ');
}

/** For `peer.with({ params: 'named' })`: one object. */
function namedOf(params: readonly Method[], lastRequired: number, types: SchemaTypes): string {
  const members = new Map(
    params.map(({ name: given, required, schema }, i) => {
      const name = typeof given === 'string' ? given : `argument${i + 1}`;
      return [name, `${keyOf(name)}${required === true ? '' : '?'}: ${types.typeOf(schema)}`];
    }),
  );
  return `params${lastRequired === -1 ? '?' : ''}: { ${[...members.values()].join('; ')} }`;
}

/** Names that a parameter may have; others get one by their place. */
function uniqueNames(names: readonly unknown[]): string[] {
  const used = new Set<string>();
  return names.map((name, i) => {
    const fits = typeof name === 'string' && isIdentifier(name) && !reserved.has(name) && !used.has(name);
    const own = fits ? name : `argument${i + 1}`;
    used.add(own);
    return own;
  });
}

function wordsOf(method: Method): string {
  const said = method['description'] ?? method['summary'];
  const words = typeof said === 'string' ? said : '';
  return method['deprecated'] === true ? `${words}\n@deprecated` : words;
}

const reserved: ReadonlySet<string> = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally
  for function if implements import in instanceof interface let new null package private protected public return static
  super switch this throw true try typeof var void while with yield`.split(/\s+/),
);

/** Types that no interface may be called. */
const builtIn: ReadonlySet<string> = new Set(
  'any bigint boolean never number object string symbol undefined unknown AsyncIterable Promise Readonly Record'.split(
    ' ',
  ),
);
