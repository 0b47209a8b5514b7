/** An OpenRPC document as a table, whoever wrote it: nothing in it is taken for granted. */
import { plain } from './report.ts';

export interface Row {
  method: string;
  parameters: string;
  answers: string;
  summary: string;
}

export function rowsOf(methods: readonly unknown[]): Row[] {
  return methods.filter(isRecord).map((method) => ({
    method: textOf(method['name']),
    parameters: parametersOf(method),
    answers: method['x-stream'] === true ? 'a stream' : 'a value',
    summary: textOf(method['summary'] ?? method['description']).split('\n')[0] ?? '',
  }));
}

function parametersOf(method: Record<string, unknown>): string {
  const params = Array.isArray(method['params']) ? method['params'].filter(isRecord) : [];
  if (method['x-unnamed'] === true)
    return params.length === 0 ? 'names not known' : `${params.length}, names not known`;
  if (params.length === 0) return '-';
  return params
    .map(({ name, required }, i) => {
      if (method['x-rest'] === true && i === params.length - 1) return `...${textOf(name)}`;
      return `${textOf(name)}${required === true ? '' : '?'}`;
    })
    .join(', ');
}

/** Aligned lines below a header; a column in which nothing stands is left out. */
export function tableOf(rows: readonly Row[]): string[] {
  const header: Row = { method: 'METHOD', parameters: 'PARAMETERS', answers: 'ANSWERS', summary: 'SUMMARY' };
  const columns = (Object.keys(header) as (keyof Row)[]).filter((column) =>
    rows.some((row) => row[column] !== ''),
  );
  const widths = columns.map((column) => Math.max(...[header, ...rows].map((row) => row[column].length)));
  return [header, ...rows].map((row) =>
    columns
      .map((column, i) => row[column].padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? plain(value) : '';
}
