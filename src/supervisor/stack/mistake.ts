/** What is wrong in a config, and the refusal of the whole for all of it. */
import { KindredError } from '../../base/errors.ts';

export interface Mistake {
  /** Where it stands: `services.web.instances`; empty for the whole. */
  readonly path: string;
  /** What is wrong: `is "many"`. */
  readonly text: string;
  /** What to write instead. */
  readonly mend: string;
}

/** Where the parts of a check put what they find: they go on, so that one run tells all. */
export class Findings {
  readonly mistakes: Mistake[] = [];
  /** What is allowed, and most likely not meant. */
  readonly remarks: Mistake[] = [];

  wrong(path: string, text: string, mend: string): void {
    this.mistakes.push({ path, text, mend });
  }

  remark(path: string, text: string, mend: string): void {
    this.remarks.push({ path, text, mend });
  }
}

/** `where`: what was checked, for the message: the path of the file. `data` is `{ mistakes }`. */
export function refusal(where: string, mistakes: readonly Mistake[], cause?: unknown): KindredError {
  const count = mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`;
  return new KindredError('ERR_BAD_CONFIG', `${where} has ${count}:\n${mistakes.map(sentence).join('\n')}`, {
    ...(cause === undefined ? {} : { cause }),
    data: { mistakes },
  });
}

export function sentence({ path, text, mend }: Mistake): string {
  return `  ${path === '' ? 'the config' : path} ${text}: ${mend}`;
}

/** A value as a message shows it: short, and of one line. */
export function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'string')
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
