/** Functions that answer with streams, and take them. */
import { setTimeout as pause } from 'node:timers/promises';
import { currentCall } from 'kindred';

export async function* countdown(from: number): AsyncGenerator<number, void> {
  while (from > 0) yield from--;
}

let open = 0;
export const running = (): number => open;

// #region forever
export async function* forever(): AsyncGenerator<number, void> {
  const { signal } = currentCall();
  open++;
  try {
    for (let n = 1; ; n++) {
      yield n;
      await pause(1, undefined, { signal });
    }
  } finally {
    open--;
  }
}
// #endregion

// #region mean
export async function mean(values: AsyncIterable<number>): Promise<number> {
  let [sum, count] = [0, 0];
  for await (const value of values) {
    sum += value;
    count++;
  }
  return sum / count;
}
// #endregion

export async function* double(values: AsyncIterable<number>): AsyncGenerator<number, void> {
  for await (const value of values) yield value * 2;
}
