/** What is in an object: the keys and values of a map, the members of a set, else the values of its own fields. */
export function membersOf(value: object): Iterable<unknown> {
  if (value instanceof Map) return [...value.keys(), ...value.values()];
  return value instanceof Set ? value : Object.values(value);
}
