/**
 * JSON Schema as types of TypeScript: draft 7, and what later drafts say in other words. What cannot be said as a type
 * (patterns, lengths, ranges) is left out, so that a type never forbids what the schema allows; what is not told is `unknown`.
 *
 * The document comes from anybody: nothing in it is taken for granted, and everything has a bound.
 */
import { commentOf, indented, isIdentifier, keyOf, quoted } from './typescript-text.ts';

/** A type, and whether it needs brackets where something else is joined to it. */
interface Piece {
  readonly text: string;
  readonly isLoose: boolean;
  /** Names of types that stand in it outside of any object or list: a type that is itself in this way is none. */
  readonly bare: readonly string[];
}

/** Schemas and values that are looked at; what comes after them is `unknown`. */
const maxParts = 100_000;
const maxDepth = 40;
/** Types with a name; what else is referred to is `unknown`. */
const maxNames = 2000;
/** Members of an object that stand on one line, and how long that may be. */
const maxInline = { members: 4, letters: 80 };

/** Names that must go on meaning what they do. */
const taken: readonly string[] = [
  ...['Array', 'AsyncIterable', 'Promise', 'Record', 'Object', 'String', 'Number', 'Boolean', 'Function'],
  ...['Symbol', 'Error', 'Date', 'Contract'],
];

export class SchemaTypes {
  readonly #document: unknown;
  /** What `$ref` leads to, by its pointer. */
  readonly #names = new Map<string, string>();
  readonly #used = new Set<string>();
  #parts = 0;

  /** `names`: those that the program around it has for its own. */
  constructor(document: unknown, names: readonly string[] = []) {
    this.#document = document;
    for (const name of [...taken, ...names]) this.#used.add(name);
  }

  typeOf(schema: unknown): string {
    return this.#piece(schema, 0).text;
  }

  /** In brackets, where it needs them in front of `[]`. */
  itemTypeOf(schema: unknown): string {
    return bracketed(this.#piece(schema, 0));
  }

  /** What the types given so far refer to: called last. */
  declarations(): string[] {
    const found = new Map<string, { name: string; piece: Piece; words: string }>();
    // What is found in here may be the first to mention another.
    for (const [ref, name] of this.#names) {
      const schema = this.#find(ref);
      found.set(name, { name, piece: this.#piece(schema, 0), words: wordsOf(schema) });
    }
    const bare = new Map([...found].map(([name, { piece }]) => [name, piece.bare]));
    return [...found.values()].map(({ name, piece, words }) => {
      const text = isItself(name, bare) ? 'unknown' : piece.text;
      return `${commentOf(words)}export type ${name} = ${text};`;
    });
  }

  /** What a member that may be a reference stands for. */
  resolve(value: unknown): unknown {
    const ref = isRecord(value) ? value['$ref'] : undefined;
    return typeof ref === 'string' ? this.#find(ref) : value;
  }

  #piece(schema: unknown, depth: number): Piece {
    if (schema === false) return plain('never');
    if (!isRecord(schema) || depth > maxDepth || ++this.#parts > maxParts) return plain('unknown');
    if (typeof schema['$ref'] === 'string') return this.#named(schema['$ref']);
    if ('const' in schema) return plain(this.#literal(schema['const'], depth));
    if (Array.isArray(schema['enum']))
      return union(schema['enum'].map((value) => plain(this.#literal(value, depth))));
    const own = this.#ofType(schema, depth);
    const all = listOf(schema['allOf']).map((one) => this.#piece(one, depth + 1));
    const any = [schema['anyOf'], schema['oneOf']]
      .map(listOf)
      .filter((list) => list.length > 0)
      .map((list) => union(list.map((one) => this.#piece(one, depth + 1))));
    const whole = intersection([...(own === undefined ? [] : [own]), ...all, ...any]);
    return schema['nullable'] === true ? union([whole, plain('null')]) : whole;
  }

  #ofType(schema: Record<string, unknown>, depth: number): Piece | undefined {
    const { type } = schema;
    const types = Array.isArray(type) ? type : type === undefined ? this.#impliedBy(schema) : [type];
    if (types.length === 0) return undefined;
    return union(types.map((one) => this.#ofOneType(one, schema, depth)));
  }

  #impliedBy(schema: Record<string, unknown>): unknown[] {
    if (isRecord(schema['properties'])) return ['object'];
    return Array.isArray(schema['prefixItems']) || schema['items'] !== undefined ? ['array'] : [];
  }

  #ofOneType(type: unknown, schema: Record<string, unknown>, depth: number): Piece {
    switch (type) {
      case 'string':
      case 'number':
      case 'boolean':
      case 'null':
        return plain(type);
      case 'integer':
        return plain('number');
      case 'array':
        return this.#list(schema, depth);
      case 'object':
        return this.#object(schema, depth);
      default:
        return plain('unknown');
    }
  }

  #list(schema: Record<string, unknown>, depth: number): Piece {
    const { items, prefixItems } = schema;
    const first = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : undefined;
    const further = first === prefixItems ? items : schema['additionalItems'];
    if (first === undefined) return plain(`${bracketed(this.#piece(items, depth + 1))}[]`);
    const least = typeof schema['minItems'] === 'number' ? schema['minItems'] : 0;
    const places = first.map((one, i) => {
      const place = this.#piece(one, depth + 1);
      return i < least ? place.text : `${bracketed(place)}?`;
    });
    const isClosed = further === false || schema['maxItems'] === first.length;
    if (!isClosed) places.push(`...${bracketed(this.#piece(further, depth + 1))}[]`);
    return plain(`[${places.join(', ')}]`);
  }

  #object(schema: Record<string, unknown>, depth: number): Piece {
    const properties = isRecord(schema['properties']) ? Object.entries(schema['properties']) : [];
    const required = new Set(listOf(schema['required']));
    const pieces = properties.map(([, one]) => this.#piece(one, depth + 1));
    const members = properties.map(([name, one], i) => ({
      text: `${keyOf(name)}${required.has(name) ? '' : '?'}: ${pieces[i]?.text}`,
      words: wordsOf(one),
    }));
    const index = this.#index(schema, pieces, depth);
    if (index !== undefined) members.push({ text: `[name: string]: ${index}`, words: '' });
    return plain(braced(members));
  }

  /** Of members that are not named; undefined where there are none, or nothing is said of them beside those that are. */
  #index(schema: Record<string, unknown>, named: readonly Piece[], depth: number): string | undefined {
    const { additionalProperties: more, patternProperties } = schema;
    const patterns = isRecord(patternProperties) ? Object.values(patternProperties) : [];
    if (patterns.length === 0) {
      if (more === false) return named.length === 0 ? 'never' : undefined;
      if (more === undefined) return named.length === 0 ? 'unknown' : undefined;
    }
    const all = [...patterns, ...(more === false ? [] : [more])].map((one) => this.#piece(one, depth + 1));
    // An index covers the named members, too, and those that may be missing.
    return union([...all, ...named, ...(named.length > 0 ? [plain('undefined')] : [])]).text;
  }

  #literal(value: unknown, depth: number): string {
    if (depth > maxDepth || ++this.#parts > maxParts) return 'unknown';
    if (Array.isArray(value)) return `[${value.map((one) => this.#literal(one, depth + 1)).join(', ')}]`;
    if (isRecord(value))
      return braced(
        Object.entries(value).map(([name, one]) => ({
          text: `${keyOf(name)}: ${this.#literal(one, depth + 1)}`,
          words: '',
        })),
      );
    if (typeof value === 'string') return quoted(value);
    if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'number';
    return value === null || typeof value === 'boolean' ? String(value) : 'unknown';
  }

  #named(ref: string): Piece {
    if (!isRecord(this.#find(ref))) return plain(this.#find(ref) === false ? 'never' : 'unknown');
    let name = this.#names.get(ref);
    if (name === undefined) {
      if (this.#names.size >= maxNames) return plain('unknown');
      name = this.#freeName(ref);
      this.#names.set(ref, name);
    }
    return { text: name, isLoose: false, bare: [name] };
  }

  #freeName(ref: string): string {
    const words = stepOf(ref.split('/').at(-1) ?? '').match(/[\p{ID_Continue}]+/gu) ?? [];
    const joined = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
    const stem = isIdentifier(joined) ? joined.slice(0, 60) : `Type${joined.replace(/\W/g, '').slice(0, 60)}`;
    for (let n = 1; ; n++) {
      const name = n === 1 ? stem : `${stem}${n}`;
      if (this.#used.has(name)) continue;
      this.#used.add(name);
      return name;
    }
  }

  /** By a JSON pointer into the document. */
  #find(ref: string): unknown {
    if (!ref.startsWith('#/')) return undefined;
    let found = this.#document;
    for (const step of ref.slice(2).split('/')) {
      const key = stepOf(step);
      const holds = typeof found === 'object' && found !== null && Object.hasOwn(found, key);
      found = holds ? (found as Record<string, unknown>)[key] : undefined;
    }
    return found;
  }
}

function wordsOf(schema: unknown): string {
  const said = isRecord(schema) ? (schema['description'] ?? schema['title']) : undefined;
  return typeof said === 'string' ? said : '';
}

function braced(members: readonly { text: string; words: string }[]): string {
  if (members.length === 0) return '{}';
  const inline = `{ ${members.map(({ text }) => text).join('; ')} }`;
  const isShort =
    members.length <= maxInline.members &&
    inline.length <= maxInline.letters &&
    members.every(({ text, words }) => words === '' && !text.includes('\n'));
  if (isShort) return inline;
  const lines = members.map(({ text, words }) => indented(`${commentOf(words)}${text};`));
  return `{\n${lines.join('\n')}\n}`;
}

function union(pieces: readonly Piece[]): Piece {
  const texts = new Set(
    pieces.map(({ text, isLoose }) => (isLoose && text.includes(' & ') ? `(${text})` : text)),
  );
  if (texts.has('unknown')) return plain('unknown');
  if (texts.size > 1) texts.delete('never');
  return joined([...texts], ' | ', pieces);
}

function intersection(pieces: readonly Piece[]): Piece {
  const known = pieces.filter(({ text }) => text !== 'unknown');
  if (known.length === 1) return known[0] as Piece;
  return joined([...new Set(known.map(bracketed))], ' & ', known);
}

function joined(texts: readonly string[], by: ' | ' | ' & ', pieces: readonly Piece[]): Piece {
  if (texts.length === 0) return plain(by === ' | ' ? 'never' : 'unknown');
  return { text: texts.join(by), isLoose: texts.length > 1, bare: pieces.flatMap(({ bare }) => bare) };
}

function bracketed({ text, isLoose }: Piece): string {
  return isLoose ? `(${text})` : text;
}

function plain(text: string): Piece {
  return { text, isLoose: false, bare: [] };
}

function isItself(name: string, bare: ReadonlyMap<string, readonly string[]>): boolean {
  const seen = new Set<string>();
  const next = [...(bare.get(name) ?? [])];
  for (let one = next.pop(); one !== undefined; one = next.pop()) {
    if (one === name) return true;
    if (seen.has(one)) continue;
    seen.add(one);
    next.push(...(bare.get(one) ?? []));
  }
  return false;
}

function stepOf(step: string): string {
  const text = step.replaceAll('~1', '/').replaceAll('~0', '~');
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
