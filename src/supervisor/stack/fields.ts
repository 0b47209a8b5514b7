/**
 * Reads the fields of one object of a config. What is absent gets its default; what is wrong is noted, and gets its default
 * too, so that the rest is checked all the same.
 */

import { type Findings, shown } from './mistake.ts';
import { didYouMean } from './nearest.ts';

export interface NumberRule {
  /** Default 0. */
  min?: number;
  max?: number;
  /** Default true. */
  whole?: boolean;
}

export class Fields {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly findings: Findings;

  constructor(findings: Findings, path: string, values: Readonly<Record<string, unknown>>) {
    this.findings = findings;
    this.path = path;
    this.values = values;
  }

  /** Undefined, and noted, where it is no object; a key that is not among `known` is noted. */
  static of(
    findings: Findings,
    path: string,
    value: unknown,
    known: readonly string[],
    mend: string = `write an object with ${known.join(', ')}`,
  ): Fields | undefined {
    if (!isRecord(value)) {
      findings.wrong(path, `is ${shown(value)}`, mend);
      return undefined;
    }
    const fields = new Fields(findings, path, value);
    for (const key of Object.keys(value))
      if (!known.includes(key)) fields.wrong(key, 'is no option', didYouMean(key, known));
    return fields;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  get(key: string): unknown {
    return Object.hasOwn(this.values, key) ? this.values[key] : undefined;
  }

  at(key: string): string {
    return this.path === '' ? key : `${this.path}.${key}`;
  }

  wrong(key: string, text: string, mend: string): void {
    this.findings.wrong(key === '' ? this.path : this.at(key), text, mend);
  }

  remark(key: string, text: string, mend: string): void {
    this.findings.remark(key === '' ? this.path : this.at(key), text, mend);
  }

  number<Default extends number | undefined>(
    key: string,
    otherwise: Default,
    { min = 0, max = Number.MAX_SAFE_INTEGER, whole = true }: NumberRule = {},
    unit: string = 'a number',
  ): number | Default {
    const value = this.get(key);
    if (value === undefined) return otherwise;
    const isGood =
      typeof value === 'number' && (whole ? Number.isSafeInteger(value) : Number.isFinite(value));
    if (isGood && value >= min && value <= max) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `from ${min} to ${max}`;
    this.wrong(key, `is ${shown(value)}`, `write ${unit}, ${range}`);
    return otherwise;
  }

  /** Milliseconds. The most is what a timer can wait: almost 25 days. */
  ms(key: string, otherwise: number, min: number = 1): number {
    return this.number(key, otherwise, { min, max: 2 ** 31 - 1, whole: false }, 'milliseconds');
  }

  text(key: string, mend: string = 'write a text'): string | undefined {
    const value = this.get(key);
    if (value === undefined || isText(value)) return value;
    this.wrong(key, `is ${shown(value)}`, mend);
    return undefined;
  }

  flag(key: string, otherwise: boolean): boolean {
    const value = this.get(key);
    if (value === undefined || typeof value === 'boolean') return value ?? otherwise;
    this.wrong(key, `is ${shown(value)}`, 'write true or false');
    return otherwise;
  }

  oneOf<Word extends string>(key: string, words: readonly Word[], otherwise: Word): Word {
    const value = this.get(key);
    if (value === undefined) return otherwise;
    const word = words.find((each) => each === value);
    if (word !== undefined) return word;
    this.wrong(
      key,
      `is ${shown(value)}`,
      typeof value === 'string' ? didYouMean(value, words) : `write ${words.join(', or ')}`,
    );
    return otherwise;
  }

  /** Texts without NUL, each with something in it; `empty` allows those without. */
  texts(key: string, mend: string, { empty = false }: { empty?: boolean } = {}): string[] | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) {
      this.wrong(key, `is ${shown(value)}`, mend);
      return undefined;
    }
    const wrong = value.findIndex((each) => !(isText(each) || (empty && each === '')));
    if (wrong < 0) return [...value];
    this.wrong(`${key}.${wrong}`, `is ${shown(value[wrong])}`, 'write a text');
    return undefined;
  }

  /** The fields of an object in it. */
  inner(key: string, known: readonly string[], mend?: string): Fields | undefined {
    return Fields.of(this.findings, this.at(key), this.get(key), known, mend);
  }

  /** The entries of an object whose keys are names: those whose names are good. */
  entries(key: string, what: string): [name: string, value: unknown][] {
    const value = this.get(key);
    if (value === undefined) return [];
    if (!isRecord(value)) {
      this.wrong(key, `is ${shown(value)}`, `write an object: the name of each ${what}, and what it is`);
      return [];
    }
    return Object.entries(value).filter(([name, each]) => {
      if (!isName(name)) this.wrong(`${key}.${name}`, 'is no name', nameRule);
      return isName(name) && each !== undefined;
    });
  }
}

export const nameRule =
  'a name has the letters a to z, digits, - and _, begins with a letter or digit, and has 64 at most';

export function isName(name: string): boolean {
  return /^[a-z0-9][a-z0-9_-]{0,63}$/.test(name);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.includes('\0');
}
