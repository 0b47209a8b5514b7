// A service for the tests of the command.
import { currentCall } from 'kindred';

export const add = (...numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);

export async function* countdown(from: number): AsyncGenerator<number> {
  for (let n = from; n > 0; n--) yield n;
}

/** Items without end; says on stderr when nobody wants more. */
export async function* forever(): AsyncGenerator<number> {
  try {
    for (let n = 0; ; n++) yield n;
  } finally {
    console.error('forever has ended');
  }
}

export const greet = (name: string, times: number = 1): string =>
  Array(times).fill(`hello ${name}`).join(', ');

export const echo = (value: unknown): unknown => value;

export const kinds = (...values: unknown[]): string[] =>
  values.map((value) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value));

export function nothing(): void {}

export function fail(): never {
  const cause = new RangeError('0 items');
  throw Object.assign(new TypeError('the order has no items', { cause }), {
    code: 'E_EMPTY',
    data: { items: 0 },
  });
}

/** Never answers; says on stderr when it begins, and when it is cancelled. */
export function wait(): Promise<never> {
  const { signal } = currentCall();
  console.error('waiting');
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      console.error('cancelled');
      reject(signal.reason);
    });
  });
}

let release = (): void => {};

/** Answers when `free` is called. */
export async function held(): Promise<string> {
  console.error('holding');
  await new Promise<void>((resolve) => {
    release = resolve;
  });
  return 'freed';
}

export const free = (): void => release();

/** Ends its process in the middle of the call. */
export function die(): never {
  process.exit(9);
}

export const say = (text: string): void => console.error(`said ${text}`);

export const values = (): unknown => ({
  when: new Date(0),
  big: 12n,
  bytes: new Uint8Array([1, 2, 3]),
  map: new Map([['a', 1]]),
  none: undefined,
});

export const users = { find: (id: string): { id: string } => ({ id }) };
