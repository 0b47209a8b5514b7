/** Rows in columns that fit the width there is: first the flexible column is cut, then the least important ones are left out. */
import sliceAnsi from 'slice-ansi';
import stringWidth from 'string-width';

export interface Column<Row> {
  title: string;
  /** Plain, without colours. */
  text(row: Row): string;
  paint?: ((text: string, row: Row) => string) | undefined;
  align?: 'left' | 'right' | undefined;
  /** Left out when there is no room: the highest number first. Without one it always stays. */
  dispensable?: number | undefined;
  /** May be cut down to so many columns. */
  least?: number | undefined;
}

const gap = 2;

/** The title line first. No line is wider than `width`, as long as what must stay is not. */
export function tableLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
  paintTitle: (text: string) => string = (text) => text,
): string[] {
  const shown = fit(columns, rows, width);
  const line = (cells: readonly string[]): string =>
    shown
      .map(({ column, wide }, i) => pad(cells[i] ?? '', wide, column.align, i === shown.length - 1))
      .join(' '.repeat(gap))
      .trimEnd();
  return [
    paintTitle(line(shown.map(({ column, wide }) => cut(column.title, wide)))),
    ...rows.map((row) =>
      line(
        shown.map(({ column, wide }) => {
          const text = cut(column.text(row), wide);
          return column.paint === undefined ? text : column.paint(text, row);
        }),
      ),
    ),
  ];
}

interface Shown<Row> {
  column: Column<Row>;
  wide: number;
}

function fit<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): Shown<Row>[] {
  let shown = columns.map((column) => ({
    column,
    wide: Math.max(stringWidth(column.title), ...rows.map((row) => stringWidth(column.text(row)))),
  }));
  for (;;) {
    const over = shown.reduce((sum, { wide }) => sum + wide + gap, -gap) - width;
    if (over <= 0) return shown;
    const flexible = shown.find(({ column }) => column.least !== undefined);
    if (flexible !== undefined && flexible.wide - over >= (flexible.column.least ?? 0)) {
      flexible.wide -= over;
      return shown;
    }
    const rank = Math.max(...shown.map(({ column }) => column.dispensable ?? -1));
    if (rank < 0) {
      if (flexible !== undefined) flexible.wide = Math.max(flexible.column.least ?? 0, flexible.wide - over);
      return shown;
    }
    shown = shown.filter(({ column }) => column.dispensable !== rank);
  }
}

/** As much of it as fits, with an ellipsis where something is missing. Colours may stand in it. */
export function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  return width < 1 ? '' : `${sliceAnsi(text, 0, width - 1)}…`;
}

function pad(text: string, width: number, align: 'left' | 'right' = 'left', last = false): string {
  const missing = ' '.repeat(Math.max(0, width - stringWidth(text)));
  if (align === 'right') return missing + text;
  return last ? text : text + missing;
}

/** Broken between words, and where a word is too long inside of it; the lines behind the first are indented. */
export function wrapped(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    const longer = line === '' ? word : `${line} ${word}`;
    const room = width - (lines.length === 0 ? 0 : indent.length);
    if (stringWidth(longer) <= room || line === '') line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line].map((each, i) => (i === 0 ? each : indent + each));
}
