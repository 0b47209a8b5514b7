// A module that writes to stdout while it is loaded, and when it is called.
console.log('loading');

export function add(a: number, b: number): number {
  console.log('adding');
  return a + b;
}
