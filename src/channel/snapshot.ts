/**
 * A copy of a message for a transport that clones values at the end of the turn: what the caller changes after the
 * call must not be seen.
 *
 * Only what the structured clone algorithm carries unchanged is taken: plain objects, arrays, scalars, dates, bytes.
 * Anything else gives undefined, and the message travels in the binary encoding; but what is to be moved, or is shared,
 * goes as it is.
 */

export interface Snapshot {
  value: unknown;
  /** An estimate of its size in bytes. */
  bytes: number;
  /** Bytes of the caller are in it, not copied: it must be posted before the caller runs on. */
  borrowed: boolean;
}

export function snapshot(value: unknown, maxDepth: number, asIs: readonly object[]): Snapshot | undefined {
  const state: State = { bytes: 0, borrowed: false, maxDepth, asIs };
  const copy = copyOf(value, state, 0);
  return copy === refused ? undefined : { value: copy, bytes: state.bytes, borrowed: state.borrowed };
}

interface State {
  bytes: number;
  borrowed: boolean;
  maxDepth: number;
  asIs: readonly object[];
}

/** Both ends see the same memory: it is neither moved nor copied. */
export function isShared(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object SharedArrayBuffer]';
}

const refused = Symbol('refused');

function copyOf(value: unknown, state: State, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      state.bytes += 4 + value.length;
      return value;
    case 'number':
    case 'boolean':
    case 'undefined':
    case 'bigint':
      state.bytes += 8;
      return value;
    case 'object':
      break;
    default:
      return refused;
  }
  if (value === null) return value;
  // A message itself and its params are two levels above the value proper.
  if (depth > state.maxDepth + 2) return refused;
  state.bytes += 8;
  if (Array.isArray(value)) return copyArray(value, state, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return copyObject(value, state, depth);
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    state.bytes += value.byteLength;
    state.borrowed = true;
    return value;
  }
  if (value instanceof Date) return new Date(value.getTime());
  if (state.asIs.includes(value)) {
    state.borrowed = true;
    return value;
  }
  return refused;
}

function copyArray(value: readonly unknown[], state: State, depth: number): unknown {
  const copy = new Array<unknown>(value.length);
  for (let i = 0; i < value.length; i++) {
    const item = copyOf(value[i], state, depth + 1);
    if (item === refused) return refused;
    copy[i] = item;
  }
  return copy;
}

function copyObject(value: object, state: State, depth: number): unknown {
  const source = value as Record<string, unknown>;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(source)) {
    if (key === '__proto__' || key === 'toJSON') return refused;
    const item = copyOf(source[key], state, depth + 1);
    if (item === refused) return refused;
    state.bytes += key.length;
    copy[key] = item;
  }
  // An object with an async iterator of its own is a stream.
  return Symbol.asyncIterator in value ? refused : copy;
}
