// A module whose default export and named exports differ.
export const ping = (): string => 'pong';

export const math = { add: (a: number, b: number): number => a + b };

export default { greet: (name: string): string => `hello ${name}` };
