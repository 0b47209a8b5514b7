/** Names, strings and comments of TypeScript, whatever is in them. */

/** Letters of a comment. */
const maxWords = 2000;

const identifier = /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u;
/** Letters that have been letters for so long that every compiler takes them: Latin, Greek, Cyrillic, kana, han, hangul. */
const settled = /^[\w$\u00aa-\u052f\u3040-\u30ff\u4e00-\u9fa5\uac00-\ud7a3]+$/;

/** The name of a member, as it is or in quotes. */
export function keyOf(name: string): string {
  return isIdentifier(name) && name !== '__proto__' ? name : quoted(name);
}

/** A string as TypeScript writes it, whatever is in it. */
export function quoted(text: string): string {
  // JSON's escapes are TypeScript's; of the rest, what an editor takes for the end of a line, or for nothing at all.
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${inner.replace(/[\u007f-\u009f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g, escaped)}'`;
}

/** The lines of a comment, ended by a newline; nothing for no words. `indent`: in front of each line. */
export function commentOf(words: string, indent: string = ''): string {
  const lines = harmless(words).split('\n');
  if (lines.every((line) => line === '')) return '';
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`, ''].join(
    '\n',
  );
}

export function isIdentifier(text: string): boolean {
  return identifier.test(text) && settled.test(text);
}

export function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}

/** Words that cannot end the comment in which they stand, or look like something else. */
function harmless(words: string): string {
  return words
    .slice(0, maxWords)
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(/(?!\n)\p{Cc}|[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, ' ')
    .replaceAll('*/', '*\\/')
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .trim();
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
