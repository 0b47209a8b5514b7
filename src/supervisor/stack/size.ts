/** Sizes as people write them: `512MB`, `1.5GiB`, or a number of bytes. */

const units: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  tb: 1000 ** 4,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
};

/** In bytes, 1 or more; undefined where it is no size. `MB` is a million bytes, `MiB` is 1024 x 1024. */
export function sizeBytes(size: unknown): number | undefined {
  if (typeof size === 'number') return Number.isSafeInteger(size) && size >= 1 ? size : undefined;
  if (typeof size !== 'string') return undefined;
  const [, digits, unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(size) ?? [];
  const factor = unit === '' ? 1 : units[unit.toLowerCase()];
  if (digits === undefined || factor === undefined) return undefined;
  const bytes = Math.round(Number(digits) * factor);
  return Number.isSafeInteger(bytes) && bytes >= 1 ? bytes : undefined;
}

/** What a wrong one was most likely meant to be. */
export function sizeMend(size: unknown): string {
  const [, digits, letter] =
    /^\s*(\d+(?:\.\d+)?)\s*([kmgt])\s*$/i.exec(typeof size === 'string' ? size : '') ?? [];
  if (digits !== undefined && letter !== undefined)
    return `write ${digits}${letter.toUpperCase()}B (thousands) or ${digits}${letter.toUpperCase()}iB (times 1024)`;
  return "write a number of bytes, or a text like '512MB' or '1GiB'";
}
