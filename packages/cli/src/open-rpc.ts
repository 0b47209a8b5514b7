/** An OpenRPC document as a table, whoever wrote it: nothing in it is taken for granted. */
import { plain } from './report.ts';
import { isRecord, SchemaTypes } from './schema-types.ts';

/** Letters of a type that is shown whole. */
const maxType = 40;

export interface Row {
  method: string;
  parameters: string;
  answers: string;
  summary: string;
}

export function rowsOf(
  methods: readonly unknown[],
  types: SchemaTypes = new SchemaTypes({ methods }),
): Row[] {
  return methods.filter(isRecord).map((method) => ({
    method: textOf(method['name']),
    parameters: parametersOf(method, types),
    answers: answersOf(method, types),
    summary: textOf(method['summary'] ?? method['description']).split('\n')[0] ?? '',
  }));
}

function answersOf(method: Record<string, unknown>, types: SchemaTypes): string {
  if (method['x-stream'] === true) {
    const items = shortType(method['x-items'], types);
    return items === '' ? 'a stream' : `a stream of ${items}`;
  }
  const result = types.resolve(method['result']);
  return (isRecord(result) ? shortType(result['schema'], types) : '') || 'a value';
}

function parametersOf(method: Record<string, unknown>, types: SchemaTypes): string {
  const given = Array.isArray(method['params']) ? (method['params'] as unknown[]) : [];
  const params = given.map((param) => types.resolve(param)).filter(isRecord);
  if (method['x-unnamed'] === true)
    return params.length === 0 ? 'names not known' : `${params.length}, names not known`;
  if (params.length === 0) return '-';
  return params
    .map(({ name, required, schema }, i) => {
      const isRest = method['x-rest'] === true && i === params.length - 1;
      const type = shortType(schema, types);
      const own = isRest ? `...${textOf(name)}` : `${textOf(name)}${required === true ? '' : '?'}`;
      return type === '' ? own : `${own}: ${type}${isRest ? '[]' : ''}`;
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

/** What is known of a type, as far as there is room for it. */
function shortType(schema: unknown, types: SchemaTypes): string {
  const type = types.itemTypeOf(schema);
  if (type === 'unknown') return '';
  if (type.length <= maxType && !type.includes('\n')) return plain(type);
  const { type: kind } = isRecord(schema) ? schema : {};
  return kind === 'object' || kind === 'array' ? `${kind} ...` : '...';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? plain(value) : '';
}
