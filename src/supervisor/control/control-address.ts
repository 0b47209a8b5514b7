/** Where a stack of this name can be told and asked (`Control`). */
export function controlAddress(name: string): string {
  return `local:kindred-${name}`;
}
