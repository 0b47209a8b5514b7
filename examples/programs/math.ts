export const add = (...numbers: number[]) => numbers.reduce((a, b) => a + b, 0);

export async function* countdown(from: number) {
  while (from > 0) yield from--;
}

export const greet = (name: string, times = 1) => Array(times).fill(`hello ${name}`).join(', ');
