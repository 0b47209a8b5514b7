/** What is served: a plain module of functions. Nothing in it knows of Kindred. */
export function add(...numbers: number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

export async function* countdown(from: number): AsyncGenerator<number, void> {
  while (from > 0) yield from--;
}
