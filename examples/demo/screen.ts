/** How the demo looks: 80 columns, in colour where a terminal shows it. */
import { inspect, styleText } from 'node:util';

type Style = 'bold' | 'dim' | 'green' | 'red' | 'cyan';

const paint = (style: Style, text: string): string => styleText(style, text, { stream: process.stdout });

export function title(text: string, ...below: string[]): void {
  console.log(`\n  ${paint('bold', text)}`);
  for (const line of below) console.log(`  ${paint('dim', line)}`);
  console.log();
}

/** Widths of the columns; a negative one is aligned to the right. */
export interface Table {
  head(...cells: string[]): void;
  row(...cells: string[]): void;
}

export function table(...widths: number[]): Table {
  const line = (cells: string[]): string =>
    cells
      .map((cell, at) => {
        const width = widths[at] ?? 0;
        return width < 0 ? cell.padStart(-width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return {
    head: (...cells) => console.log(`    ${paint('dim', line(cells))}`),
    row: (...cells) => console.log(`  ${paint('green', '✔')} ${line(cells)}`),
  };
}

/** More about a row, under it; long lines are broken at spaces. */
export function details(...texts: string[]): void {
  for (const text of texts)
    for (const line of text.match(/.{1,74}(?:\s|$)/g) ?? [text])
      console.log(`      ${paint('dim', line.trimEnd())}`);
}

/** A command, and what it has said. */
export function shown(command: string, output: string): void {
  console.log(`\n    ${paint('dim', '$')} ${command}`);
  for (const line of output.trimEnd().split('\n')) console.log(`    ${line}`.trimEnd());
}

export function failed(step: string, error: unknown): void {
  const told = inspect(error, { colors: false, depth: 4 });
  console.error(
    `  ${styleText('red', '✖', { stream: process.stderr })} ${step}\n${told.replace(/^/gm, '      ')}`,
  );
}

export function closing(text: string): void {
  console.log(`\n  ${text}\n`);
}

export function microseconds(us: number): string {
  return `${us < 1000 ? us.toFixed(0) : us.toPrecision(4)} µs`;
}
