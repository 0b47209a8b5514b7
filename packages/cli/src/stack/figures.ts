/** Times, sizes and shares as people read them, and as they write them. */
import { InvalidArgumentError } from 'commander';

/**
 * How long, in at most two units:
 *
 * ```
 *   999 -> 0s    59_000 -> 59s    192_000 -> 3m12s    11_100_000 -> 3h05m    183_600_000 -> 2d03h    100 days on -> 123d
 * ```
 */
export function durationOf(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [minutes, hours, days] = [60, 3600, 86_400].map((unit) => Math.floor(seconds / unit)) as [
    number,
    number,
    number,
  ];
  if (days >= 100) return `${days}d`;
  if (days > 0) return `${days}d${two(hours % 24)}h`;
  if (hours > 0) return `${hours}h${two(minutes % 60)}m`;
  if (minutes > 0) return `${minutes}m${two(seconds % 60)}s`;
  return `${seconds}s`;
}

/** Three digits at least, and a unit that is 1000 of the one below: `999 B`, `1.20 kB`, `12.0 MB`, `120 MB`. */
export function sizeOf(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  const digits = unit === 0 || size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  return `${size.toFixed(digits)} ${units[unit]}`;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Of one processor: 1.5 is `150%`. */
export function shareOf(share: number): string {
  return `${Math.round(share * 100)}%`;
}

/** `0`, `0.4`, `12`, `1234`, `12.3k`, `1.2M`. */
export function rateOf(perSecond: number): string {
  if (perSecond >= 999_950) return `${(perSecond / 1e6).toFixed(1)}M`;
  if (perSecond >= 9999.5) return `${(perSecond / 1000).toFixed(1)}k`;
  if (perSecond >= 9.95 || perSecond === 0) return String(Math.round(perSecond));
  return perSecond.toFixed(1);
}

/** `one call`, `3 calls`. */
export function countOf(count: number, one: string, many: string = `${one}s`): string {
  return count === 1 ? `one ${one}` : `${count} ${many}`;
}

/** In local time: `08:40:21.123` on the day of `now`, with the date in front on every other day. */
export function timeOf(at: number, now: number): string {
  const date = new Date(at);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
  return dayOf(at) === dayOf(now) ? time : `${dayOf(at)} ${time}`;
}

function dayOf(at: number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}

/**
 * A moment in the past, in milliseconds since 1970: so long ago (`90s`, `10m`, `2h30m`, `1d`), or a date and time as ISO 8601
 * writes them (`2026-01-31`, `2026-01-31T12:00`, `2026-01-31T12:00:00Z`; without a zone it is local time).
 */
export function toMoment(text: string, now: number = Date.now()): number {
  const ago = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text);
  if (ago !== null && text !== '') {
    const [days = 0, hours = 0, minutes = 0, seconds = 0] = ago.slice(1).map((part) => Number(part ?? 0));
    const moment = now - (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
    if (moment >= 0) return moment;
  }
  if (/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/.test(text)) {
    // A date alone would be read as of UTC.
    const moment = Date.parse(text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T'));
    if (!Number.isNaN(moment)) return moment;
  }
  throw new InvalidArgumentError('Write how long ago (90s, 10m, 2h30m, 1d), or a time: 2026-01-31T12:00.');
}
