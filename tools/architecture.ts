// The generated part of ARCHITECTURE.md: the picture and the table of the rooms.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Room, rooms } from './layers.ts';

const file = 'ARCHITECTURE.md';
const begin = '<!-- rooms: generated from tools/layers.json; `npm run check -- --fix` writes it anew -->';
const end = '<!-- rooms: end -->';

export function checkArchitecture(root: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return text === withFreshBlock(text)
    ? []
    : [`${file}: the table of rooms is stale: 'npm run check -- --fix'`];
}

export function writeArchitecture(root: string): void {
  const text = readFileSync(join(root, file), 'utf8');
  writeFileSync(join(root, file), withFreshBlock(text));
}

function withFreshBlock(text: string): string {
  const [before, rest] = cut(text, begin);
  const [, after] = cut(rest, end);
  return `${before}${begin}\n\n${picture()}\n\n${roomTable()}\n\n${end}${after}`;
}

function cut(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`${file} has no line '${mark}'`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}

function picture(): string {
  const levels = [...new Set(rooms.map(({ level }) => level))].sort((a, b) => b - a);
  const lines = levels.map((level) => {
    const names = rooms.filter((room) => room.level === level).map(({ room }) => room);
    return `${level}  ${names.join(' · ')}`;
  });
  const top = (levels[0] ?? 0) + 1;
  return [
    '```',
    `${top}  packages/* · examples   (the public exports of kindred, nothing else)`,
    ...lines,
    '```',
  ].join('\n');
}

function roomTable(): string {
  const row = (...cells: string[]) => `| ${cells.join(' | ')} |`;
  return [
    row('room', 'holds', 'may import', 'Node.js'),
    row('---', '---', '---', '---'),
    ...rooms.map((room) => row(`\`${room.room}\``, room.holds, mayImport(room), room.node ? 'yes' : 'no')),
  ].join('\n');
}

/** What a room may import, short where it is everything on the levels below. */
function mayImport({ level, imports }: Room): string {
  const below = rooms.filter((room) => room.level < level).map(({ room }) => room);
  if (imports.length === 0) return 'nothing';
  if (below.length > 3 && below.every((room) => imports.includes(room)) && imports.length === below.length) {
    return `all of levels 0 to ${level - 1}`;
  }
  return imports.map((name) => `\`${name}\``).join(' ');
}
