/**
 * Any value as one line of JSON, also those that JSON cannot say: they stand in an object with one name that begins
 * with `$`.
 *
 * ```
 *   Date              {"$date":"2026-01-31T12:00:00.000Z"}     BigInt          {"$bigint":"123"}
 *   NaN, +-Infinity   {"$number":"NaN"}                        RegExp          {"$regexp":"/a+/gi"}
 *   Map               {"$map":[["key",1]]}                     Set             {"$set":[1,2]}
 *   bytes             {"$bytes":"AQID"} (base64)               typed arrays    {"$float64array":[1.5]}
 *   Error             {"$error":{"name":"E","message":"m"}}    URL             {"$url":"https://example.org/"}
 *   a stream, a function inside of a result                    {"$stream":true}, {"$function":true}
 *   an object inside of itself                                 {"$cycle":"$.parent"}: where it stands
 * ```
 * `undefined` is `null`, and left out where it is the property of an object; -0 is 0: as in JSON.stringify.
 */

export function lineOf(value: unknown): string {
  const text = JSON.stringify(readable(value, '$', new Map()));
  // What a terminal would obey has no business in a result; JSON.stringify escapes all but these.
  return text.replace(/[\u007f-\u009f]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** `above`: the objects that hold this one, and where each of them stands. */
function readable(value: unknown, path: string, above: Map<object, string>): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : { $number: String(value) };
    case 'bigint':
      return { $bigint: String(value) };
    case 'function':
      return { $function: true };
    case 'object':
      return value === null ? null : readableObject(value, path, above);
    default:
      return null;
  }
}

function readableObject(value: object, path: string, above: Map<object, string>): Json {
  const seen = above.get(value);
  if (seen !== undefined) return { $cycle: seen };
  above.set(value, path);
  try {
    return scalarObject(value) ?? container(value, (inner, step) => readable(inner, path + step, above));
  } finally {
    above.delete(value);
  }
}

/** Objects that are one value. */
function scalarObject(value: object): Json | undefined {
  if (value instanceof Date) return { $date: Number.isNaN(value.getTime()) ? null : value.toISOString() };
  if (value instanceof RegExp) return { $regexp: String(value) };
  if (value instanceof URL) return { $url: value.href };
  if (value instanceof Uint8Array)
    return { $bytes: base64(value.buffer, value.byteOffset, value.byteLength) };
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer)
    return { $bytes: base64(value, 0, value.byteLength) };
  if (value instanceof DataView) return { $bytes: base64(value.buffer, value.byteOffset, value.byteLength) };
  if (Symbol.asyncIterator in value || value instanceof ReadableStream) return { $stream: true };
  return undefined;
}

/** Objects that hold others. */
function container(value: object, inner: (value: unknown, step: string) => Json): Json {
  if (Array.isArray(value)) return Array.from(value, (item, i) => inner(item, `[${i}]`));
  if (ArrayBuffer.isView(value)) {
    const items = Array.from(value as unknown as ArrayLike<number | bigint>, (item) => inner(item, ''));
    return { [`$${value.constructor.name.toLowerCase()}`]: items };
  }
  if (value instanceof Map)
    return { $map: [...value].map(([key, item], i) => [inner(key, `[${i}][0]`), inner(item, `[${i}][1]`)]) };
  if (value instanceof Set) return { $set: [...value].map((item, i) => inner(item, `[${i}]`)) };
  if (value instanceof Error) return { $error: fields(errorParts(value), inner) };
  return fields(Object.entries(value), inner);
}

/** What an error tells: its name and message, then whatever else it carries, without its stack. */
function errorParts(error: Error): [string, unknown][] {
  const { name, message, stack: _stack, cause, errors, ...more } = error as Error & { errors?: unknown };
  return Object.entries({ name, message, ...more, cause, errors });
}

function fields(
  entries: readonly [string, unknown][],
  inner: (value: unknown, step: string) => Json,
): { [name: string]: Json } {
  // Without a prototype every name is an ordinary one, `__proto__` too.
  const object = Object.create(null) as { [name: string]: Json };
  for (const [name, value] of entries)
    if (value !== undefined)
      object[name] = inner(value, /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`);
  return object;
}

function base64(buffer: ArrayBufferLike, offset: number, length: number): string {
  return Buffer.from(buffer, offset, length).toString('base64');
}
