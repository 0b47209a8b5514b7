/**
 * The names of a function's parameters, as its source tells them.
 *
 * ```
 *   (a, { b }, sep = ', ', ...more) => ...      ['a', '', 'sep', '...more']
 * ```
 */

/** One entry for each parameter: `''` for one without a name of its own. Undefined where the source is not plain enough. */
export function parametersOf(run: (...args: never[]) => unknown): readonly string[] | undefined {
  const source = Function.prototype.toString.call(run);
  if (/\{\s*\[native code\]\s*\}$/.test(source)) return undefined;
  return partsOf(source)?.map((part) => {
    const [, rest = '', name = ''] =
      /^(\.\.\.)?([\p{ID_Start}_$][\p{ID_Continue}$]*(?=\s*(?:=|$)))?/u.exec(part.trim()) ?? [];
    return rest + name;
  });
}

/** The parts of the parameter list. Comments are left out of them, and for each literal there is a `0`. */
function partsOf(source: string): string[] | undefined {
  const parts: string[] = [];
  /** What was read since the last comma; before the list, all that stands in front of it. */
  let part = '';
  let inList = false;
  let depth = 0;
  for (let i = 0; i < source.length; i++) {
    const end = endOfLiteral(source, i, part);
    if (end === undefined) return undefined;
    if (end > i) {
      part += /^\/[/*]/.test(source.slice(i, i + 2)) ? ' ' : '0';
      i = end - 1;
      continue;
    }
    const char = source[i] as string;
    if (!inList && char === '(' && depth === 0) {
      inList = true;
      part = '';
      continue;
    }
    if (depth === 0 && (char === ',' || char === ')')) {
      if (part.trim() !== '') parts.push(part);
      if (char === ')') return parts;
      part = '';
      continue;
    }
    if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char)) depth--;
    part += char;
    if (!inList && part.endsWith('=>')) return [part.slice(0, -2).replace(/^\s*async\s/, '')];
  }
  return undefined;
}

/**
 * The index behind the comment, string, template or regular expression that begins at `start`; `start` where none does;
 * undefined where that would be a guess. `before`: what was read in front of it.
 */
export function endOfLiteral(source: string, start: number, before: string): number | undefined {
  const char = source[start];
  if (char === '"' || char === "'") return match(/(["'])(?:\\[\s\S]|(?!\1)[^\\])*\1/y, source, start);
  if (char === '`') return endOfTemplate(source, start);
  if (char !== '/') return start;
  if (source[start + 1] === '/') return match(/\/\/[^\n]*/y, source, start);
  if (source[start + 1] === '*') return match(/\/\*[\s\S]*?\*\//y, source, start);
  // A division or a regular expression: what stands in front of it tells, mostly.
  if (/\b(?:await|case|delete|in|instanceof|of|return|throw|typeof|void|yield)\s*$/.test(before))
    return undefined;
  if (/[\p{ID_Continue}$)\]]\s*$/u.test(before)) return start;
  if (!/[(,=:?!&|;{>[]\s*$/.test(before)) return undefined;
  return match(/\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y, source, start);
}

function endOfTemplate(source: string, start: number): number | undefined {
  for (let i = start + 1; i < source.length; i++) {
    if (source[i] === '`') return i + 1;
    if (source[i] === '\\') i++;
    else if (source.startsWith('${', i)) {
      const from = i + 2;
      let depth = 1;
      for (i = from; depth > 0; i++) {
        const end = i < source.length ? endOfLiteral(source, i, source.slice(from, i)) : undefined;
        if (end === undefined) return undefined;
        if (end > i) i = end - 1;
        else if (source[i] === '{') depth++;
        else if (source[i] === '}') depth--;
      }
      i--;
    }
  }
  return undefined;
}

function match(pattern: RegExp, source: string, start: number): number | undefined {
  pattern.lastIndex = start;
  return pattern.test(source) ? pattern.lastIndex : undefined;
}
