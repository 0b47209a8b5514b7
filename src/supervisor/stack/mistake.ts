/** One thing that is wrong in a config, and the refusal of the whole for all of them. */
import { KindredError } from '../../base/errors.ts';

export interface Mistake {
  /** Where it stands: `services.web.instances`; empty for the whole. */
  readonly path: string;
  /** What is wrong: `is "many"`. */
  readonly text: string;
  /** What to write instead. */
  readonly mend: string;
}

/** `where`: what was checked, for the message: the path of the file. */
export function refusal(where: string, mistakes: readonly Mistake[]): KindredError {
  const count = mistakes.length === 1 ? 'one mistake' : `${mistakes.length} mistakes`;
  return new KindredError('ERR_BAD_CONFIG', `${where} has ${count}:\n${mistakes.map(sentence).join('\n')}`, {
    data: { mistakes },
  });
}

export function sentence({ path, text, mend }: Mistake): string {
  return `  ${path === '' ? 'the config' : path} ${text}: ${mend}`;
}
