/** The program of a child: serves whoever started it, over whatever channel they gave it, and ends with them. */
import { serve } from 'kindred';

const greeter = {
  greet: (name: string): string => `Hello, ${name}, from a child.`,
  crash: (): void => process.abort(),
};
export type Greeter = typeof greeter;

await serve('parent:', greeter);
