/**
 * The TSDoc comments of a source, by the names of what stands behind them; TypeScript and JavaScript alike.
 *
 * ```
 *   export const users = {
 *     find(id) { ... },           with a comment in front of it: users.find
 *   };
 * ```
 * It reads as an eye does, not as a parser. Where it may have lost its way it says nothing, and so of no function what
 * belongs to another.
 */
import type { Remark } from '../rpc/discover.ts';
import { endOfLiteral } from '../rpc/parameters.ts';

export interface DocComment {
  /** Dotted: the names of the objects and classes around it, and its own. */
  readonly path: string;
  readonly remark: Remark;
}

/** Letters of one comment that are told. */
const maxLetters = 4000;
/** Letters of a statement that are remembered: enough for what stands in front of a bracket. */
const maxStatement = 400;

/** A pair of brackets, and what stands in front of the next one in it. */
interface Scope {
  readonly closes: string;
  readonly kind: 'file' | 'object' | 'class' | 'other';
  readonly path: string;
  statement: string;
}

/** Of functions, and of members of objects and classes that may be functions. None where the brackets do not match. */
export function docCommentsIn(source: string): DocComment[] {
  const found = new Map<string, DocComment>();
  const scopes: Scope[] = [{ closes: '', kind: 'file', path: '', statement: '' }];
  for (let i = source.startsWith('#!') ? source.indexOf('\n') + 1 : 0; i < source.length; i++) {
    const scope = scopes.at(-1) as Scope;
    const char = source[i] as string;
    const end = endAt(source, i, scope.statement);
    if (end === undefined) return [];
    if (end > i) {
      const literal = source.slice(i, end);
      if (literal.startsWith('/**')) keep(found, scope, literal, source.slice(end, end + maxStatement));
      else if (!literal.startsWith('/')) read(scope, literal.length > 60 ? '0' : literal);
      i = end - 1;
    } else if ('([{'.includes(char)) scopes.push(opened(char, scope));
    else if (')]}'.includes(char)) {
      if (scope.closes !== char) return [];
      scopes.pop();
      read(scopes.at(-1) as Scope, '()');
    } else if (char === ';' || (char === ',' && scope.kind !== 'file')) scope.statement = '';
    else read(scope, char);
  }
  return scopes.length === 1 ? [...found.values()] : [];
}

/** Finds a function's remark. What is offered is the one object, class or file in which most of the names are found. */
export function finderOf(
  comments: readonly DocComment[],
  methods: readonly string[],
): (method: string) => Remark | undefined {
  const remarks = new Map(comments.map(({ path, remark }) => [path, remark]));
  const hits = new Map<string, number>();
  for (const path of remarks.keys())
    for (const method of methods)
      if (path === method || path.endsWith(`.${method}`)) {
        const root = path.slice(0, path.length - method.length);
        hits.set(root, (hits.get(root) ?? 0) + 1);
      }
  const [best, next] = [...hits].sort(([, a], [, b]) => b - a);
  if (best === undefined || best[1] === next?.[1]) return () => undefined;
  return (method) => remarks.get(best[0] + method);
}

const name = String.raw`[\p{ID_Start}_$][\p{ID_Continue}$]*`;
const key = String.raw`(?:(${name})|'([^'\\\n]+)'|"([^"\\\n]+)")`;
const otherComments = String.raw`(?:\s|\/\/[^\n]*\n|\/\*(?!\*)[^*]*\*\/)*`;
/** What a comment may stand in front of. */
const declaration = new RegExp(
  String.raw`^${otherComments}(?:export\s+)?(?:default\s+)?(?:(?:async\s+)?function\s*\*?\s*(${name})|(?:const|let|var)\s+(${name}))`,
  'u',
);
const member = new RegExp(
  String.raw`^${otherComments}(?:(?:public|override|readonly|async)\s+)*\*?\s*${key}\s*[(<:=,}]`,
  'u',
);
/** What may stand in front of `{`. */
const variable = new RegExp(String.raw`(?:^|[\s;)])(?:const|let|var)\s+(${name})\s*(?::[^=]*)?=\s*$`, 'u');
const classHead = new RegExp(String.raw`(?:^|[\s;)])class\s+(${name})[^;()=]*$`, 'u');
const memberHead = new RegExp(String.raw`^\s*${key}\s*:\s*$`, 'u');
const fieldHead = new RegExp(String.raw`(?:^|[\s)])(?:readonly\s+)?${key}\s*(?::[^=()]*)?=\s*$`, 'u');

function read(scope: Scope, code: string): void {
  scope.statement = (scope.statement + code).slice(-maxStatement);
}

function keep(found: Map<string, DocComment>, { kind, path }: Scope, comment: string, behind: string): void {
  if (kind === 'other') return;
  const own = nameIn((kind === 'file' ? declaration : member).exec(behind));
  const remark = remarkIn(comment);
  if (own === undefined || remark === undefined) return;
  const whole = path + own;
  // Of several overloads the first has the say.
  if (!found.has(whole)) found.set(whole, { path: whole, remark });
}

function opened(char: string, { kind, path, statement }: Scope): Scope {
  const inner = (own: Scope['kind'], called: string): Scope => ({
    closes: char === '(' ? ')' : char === '[' ? ']' : '}',
    kind: own,
    path: called,
    statement: '',
  });
  if (char !== '{' || kind === 'other') return inner('other', '');
  const heldBy = nameIn(classHead.exec(kind === 'file' ? statement : ''));
  if (heldBy !== undefined) return inner('class', `${heldBy}.`);
  const held = kind === 'file' ? variable : kind === 'object' ? memberHead : fieldHead;
  const holder =
    kind === 'file' && /(?:^|\s)export\s+default\s*$/.test(statement)
      ? 'default'
      : nameIn(held.exec(statement));
  return holder === undefined ? inner('other', '') : inner('object', `${path}${holder}.`);
}

function nameIn(match: RegExpExecArray | null): string | undefined {
  return match?.slice(1).find((one) => one !== undefined);
}

/** As `endOfLiteral`; a slash behind a word that no value ends with begins a regular expression. */
function endAt(source: string, start: number, statement: string): number | undefined {
  if (!'"\'`/'.includes(source[start] as string)) return start;
  const end = endOfLiteral(source, start, statement);
  if (end !== undefined || source[start] !== '/') return end;
  const [, before] = /(^|[^\w$])(?:await|case|return|throw|typeof|yield)\s*$/.exec(statement) ?? [];
  if (before === undefined) return undefined;
  // A member of that name is a value.
  return before === '.' ? start : endOfLiteral(source, start, '(');
}

function remarkIn(comment: string): Remark | undefined {
  const lines = comment
    .slice(3, -2)
    .split('\n')
    .map((line) => line.replace(/^\s*\*? ?/, '').trimEnd());
  const tag = lines.findIndex((line) => /^\s*@\w/.test(line));
  const text = (tag === -1 ? lines : lines.slice(0, tag))
    .join('\n')
    .replace(/\{@\w+\s+([^}|]*)(?:\|([^}]*))?\}/g, (_, target: string, words?: string) =>
      (words ?? target).trim(),
    )
    .trim()
    .slice(0, maxLetters);
  if (text === '') return undefined;
  const [first = ''] = text.split(/\n\s*\n/);
  const summary = first.replace(/\s+/g, ' ');
  const isDeprecated = lines.some((line) => /^\s*@deprecated\b/.test(line));
  return {
    summary,
    ...(first === text ? {} : { description: text }),
    ...(isDeprecated ? { deprecated: true } : {}),
  };
}
