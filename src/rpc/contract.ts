/**
 * A contract: what callers of a service rely on, as a fingerprint of each function and one of them all.
 *
 * A function's holds the names of its parameters, which of them must be given, whether it answers with a stream, and the
 * schemas. Words for people (`summary`, `description`, `title`, `default`, ...) are left out: they change nothing.
 * PROTOCOL.md says how it is computed.
 */
import { KindredError } from '../base/errors.ts';
import { isRecord } from '../base/is-record.ts';
import { fingerprintOf } from './fingerprint.ts';

/** What a client was built against; `kindred types` writes it. */
export interface Contract {
  readonly hash: string;
  /** The fingerprint of each function, by its name. */
  readonly methods: Readonly<Record<string, string>>;
}

/** Names of functions. */
export interface ContractDifference {
  /** The service has them no longer. */
  readonly missing: readonly string[];
  /** They take or give something else than before. */
  readonly changed: readonly string[];
  /** They are new, which hurts nobody. */
  readonly added: readonly string[];
}

/** Members of one document that are looked at, following its references, before it is refused. */
const maxMembers = 1_000_000;

/** The contract in an OpenRPC document, whoever wrote it. Throws `ERR_BAD_ARGUMENT` where it is none, or a very large one. */
export function contractOf(document: unknown): Contract {
  const methods = isRecord(document) ? document['methods'] : undefined;
  if (!Array.isArray(methods)) throw wrong('it has no list of methods, so it is no OpenRPC document');
  const teller = new Teller(document);
  return joinedContract(
    (methods as unknown[]).map((given) => {
      const method = teller.resolve(given);
      if (!isRecord(method) || typeof method['name'] !== 'string') throw wrong('a method in it has no name');
      return [method['name'], fingerprintOf(teller.method(method))];
    }),
  );
}

/** Of functions by name, each with its fingerprint. */
export function joinedContract(pairs: readonly (readonly [name: string, fingerprint: string])[]): Contract {
  const sorted = [...pairs].sort(([a], [b]) => (a < b ? -1 : 1));
  return { hash: fingerprintOf(ascii(JSON.stringify(sorted))), methods: Object.fromEntries(sorted) };
}

/** What has become of a contract; undefined where nothing is missing or changed. */
export function differenceOf(expected: Contract, found: Contract): ContractDifference | undefined {
  const was = new Map(Object.entries(expected.methods));
  const is = new Map(Object.entries(found.methods));
  const missing = [...was.keys()].filter((name) => !is.has(name));
  const changed = [...was].filter(([name, hash]) => is.has(name) && is.get(name) !== hash);
  if (missing.length === 0 && changed.length === 0) return undefined;
  const added = [...is.keys()].filter((name) => !was.has(name));
  return { missing, changed: changed.map(([name]) => name), added };
}

/** Members of a schema that say nothing of what fits it. */
const words: ReadonlySet<string> = new Set([
  ...['$schema', '$id', '$comment', 'title', 'description', 'summary', 'examples', 'default'],
  ...['deprecated', 'readOnly', 'writeOnly'],
  // Only what is referred to counts.
  ...['definitions', '$defs', 'components'],
]);
/** Members whose own members are schemas by name. */
const named: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  'dependencies',
  'dependentSchemas',
]);
/** Members that are values, not schemas. */
const values: ReadonlySet<string> = new Set(['enum', 'const']);
/** Lists whose order says nothing. */
const sets: ReadonlySet<string> = new Set(['required', 'type']);

/**
 * Parts of a document as text: JSON without white space, members in the order of their names, in ASCII. In the place of
 * `$ref` stands the number of what it leads to, which follows once, in the order of the first mention.
 */
class Teller {
  readonly #document: unknown;
  #members = 0;
  /** What is mentioned in the function at hand, in the order of mention. */
  #refs = new Map<string, number>();

  constructor(document: unknown) {
    this.#document = document;
  }

  method(method: Record<string, unknown>): string {
    const flag = (name: string): number => (method[name] === true ? 1 : 0);
    const params = Array.isArray(method['params']) ? (method['params'] as unknown[]) : [];
    this.#refs = new Map();
    const head = [
      method['paramStructure'] === 'by-name' ? 1 : 0,
      flag('x-stream'),
      flag('x-rest'),
      flag('x-unnamed'),
    ].join('');
    const parts = params.map((param) => {
      const { name, required, schema } = this.#record(param);
      return `[${text(name)},${required === true ? 1 : 0},${this.#schema(schema)}]`;
    });
    const { schema } = this.#record(method['result']);
    const out = `${this.#schema(schema)},${this.#schema(method['x-items'])}`;
    const whole = [`["${head}",[${parts.join(',')}],${out}`];
    // What is mentioned here may mention more.
    for (const ref of this.#refs.keys()) whole.push(this.#schema(this.#find(ref)));
    return ascii(`${whole.join(',')}]`);
  }

  /** What a member that may be a reference stands for. */
  resolve(value: unknown): unknown {
    const ref = isRecord(value) ? value['$ref'] : undefined;
    return typeof ref === 'string' ? this.#find(ref) : value;
  }

  #record(value: unknown): Record<string, unknown> {
    const found = this.resolve(value);
    return isRecord(found) ? found : {};
  }

  #schema(value: unknown): string {
    this.#count();
    if (Array.isArray(value)) return `[${value.map((one) => this.#schema(one)).join(',')}]`;
    if (value === undefined || value === true) return '{}';
    if (!isRecord(value)) return text(value);
    return this.#object(value, (key, one) => {
      if (words.has(key)) return undefined;
      if (key === '$ref' && typeof one === 'string') return String(this.#numberOf(one));
      if (values.has(key)) return this.#value(one);
      if (sets.has(key) && Array.isArray(one)) {
        this.#count(one.length);
        return `[${one.map(text).sort().join(',')}]`;
      }
      if (named.has(key) && isRecord(one)) return this.#object(one, (_, schema) => this.#schema(schema));
      return this.#schema(one);
    });
  }

  #value(value: unknown): string {
    this.#count();
    if (Array.isArray(value)) return `[${value.map((one) => this.#value(one)).join(',')}]`;
    return isRecord(value) ? this.#object(value, (_, one) => this.#value(one)) : text(value);
  }

  #object(value: Record<string, unknown>, told: (key: string, one: unknown) => string | undefined): string {
    const members = Object.keys(value)
      .sort()
      .flatMap((key) => {
        const one = value[key] === undefined ? undefined : told(key, value[key]);
        return one === undefined ? [] : [`${text(key)}:${one}`];
      });
    return `{${members.join(',')}}`;
  }

  #numberOf(ref: string): number {
    const number = this.#refs.get(ref) ?? this.#refs.size;
    this.#refs.set(ref, number);
    return number;
  }

  /** By a JSON pointer into the document; what lies outside of it counts by its name alone. */
  #find(ref: string): unknown {
    if (!ref.startsWith('#')) return { enum: [ref] };
    let found = this.#document;
    for (const step of ref.slice(1).split('/').slice(1)) {
      const key = stepOf(step);
      found = isHolder(found) && Object.hasOwn(found, key) ? found[key] : undefined;
    }
    return found;
  }

  #count(members: number = 1): void {
    this.#members += members;
    if (this.#members > maxMembers) throw wrong(`it has more than ${maxMembers} members`);
  }
}

function stepOf(step: string): string {
  const plain = step.replaceAll('~1', '/').replaceAll('~0', '~');
  try {
    return decodeURIComponent(plain);
  } catch {
    return plain;
  }
}

function text(value: unknown): string {
  return JSON.stringify(value ?? null) ?? 'null';
}

/** Of JSON, which has the same meaning in it. */
function ascii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function isHolder(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function wrong(why: string): KindredError {
  return new KindredError('ERR_BAD_ARGUMENT', `the contract cannot be read: ${why}`, { outcome: 'not-sent' });
}
