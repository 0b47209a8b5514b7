/**
 * Rendezvous hashing: of all pairs of a key and a name, the pair with the highest score. A name that leaves changes
 * nothing for the keys that preferred another one; one that comes takes its share from each of the others.
 */

/** The item that the key prefers; undefined where there is none. */
export function preferred<Item extends { readonly name: string }>(
  key: string,
  items: readonly Item[],
): Item | undefined {
  let best: Item | undefined;
  let bestScore = -1;
  for (const item of items) {
    const score = scoreOf(key, item.name);
    if (score < bestScore || (score === bestScore && best !== undefined && best.name <= item.name)) continue;
    best = item;
    bestScore = score;
  }
  return best;
}

/** FNV-1a over key and name, then the last steps of MurmurHash3, so that names which differ in one letter score apart. */
function scoreOf(key: string, name: string): number {
  let hash = 0x811c9dc5;
  const text = `${key}\0${name}`;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
