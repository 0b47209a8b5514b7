/** How a service is looked after: restarts, its end, logs, limits, times. */
import { constants } from 'node:os';
import type { CheckedLogs, CheckedRestart, CheckedSchedule, CheckedService } from './checked-stack.ts';
import { Fields, isRecord } from './fields.ts';
import { shown } from './mistake.ts';
import { nearest } from './nearest.ts';
import { sizeBytes, sizeMend } from './size.ts';
import type { Intensity, RestartPolicy, Schedule } from './stack.ts';
import { pathIn, type Surroundings } from './surroundings.ts';

export const restartPolicies: readonly RestartPolicy[] = ['permanent', 'transient', 'temporary'];
export const defaultIntensity: Intensity = { restarts: 5, withinMs: 30_000 };
export const defaultLogs: CheckedLogs = { maxBytes: 10_000_000, files: 5, format: 'text' };

export function checkIntensity(owner: Fields): Intensity {
  if (!owner.has('intensity')) return defaultIntensity;
  const fields = owner.inner('intensity', ['restarts', 'withinMs']);
  if (fields === undefined) return defaultIntensity;
  return {
    restarts: fields.number('restarts', defaultIntensity.restarts, { max: 10_000 }, 'a number of restarts'),
    withinMs: fields.ms('withinMs', defaultIntensity.withinMs),
  };
}

export function checkRestart(service: Fields, isScheduled: boolean): CheckedRestart {
  const value = service.get('restart');
  const given = isRecord(value) ? value : value === undefined ? {} : { policy: value };
  const known = ['policy', 'firstMs', 'maxMs', 'resetAfterMs', 'intensity', 'significant'];
  const fields = new Fields(service.findings, service.at('restart'), given);
  if (isRecord(value)) Fields.of(service.findings, fields.path, value, known);
  const usual = isScheduled ? 'temporary' : 'permanent';
  const policy = isRecord(value)
    ? fields.oneOf('policy', restartPolicies, usual)
    : service.oneOf('restart', restartPolicies, usual);
  if (isScheduled && policy === 'permanent')
    service.wrong(
      'restart',
      "is 'permanent', which starts it again at once",
      "write 'transient' or 'temporary'",
    );
  const firstMs = fields.ms('firstMs', 200, 0);
  const maxMs = fields.ms('maxMs', Math.max(30_000, firstMs), 0);
  if (maxMs < firstMs) fields.wrong('maxMs', `is ${maxMs}, less than firstMs`, `write ${firstMs} or more`);
  const significant = fields.flag('significant', false);
  const resetAfterMs = fields.ms('resetAfterMs', 60_000, 0);
  return { policy, firstMs, maxMs, resetAfterMs, intensity: checkIntensity(fields), significant };
}

export function checkStop(service: Fields): CheckedService['stop'] {
  const usual = { signal: 'SIGTERM', graceMs: 10_000, drainMs: 0 } as const;
  const fields = service.has('stop') ? service.inner('stop', ['signal', 'graceMs', 'drainMs']) : undefined;
  if (fields === undefined) return usual;
  const signals = Object.keys(constants.signals) as NodeJS.Signals[];
  const signal = fields.get('signal') ?? usual.signal;
  const known = signals.find((each) => each === signal);
  if (known === undefined) {
    const near = nearest(signal, signals) ?? nearest(typeof signal === 'string' && `SIG${signal}`, signals);
    fields.wrong(
      'signal',
      `is ${shown(signal)}`,
      near === undefined ? 'write SIGTERM, SIGINT, SIGQUIT ...' : `did you mean ${near}?`,
    );
  }
  return {
    signal: known ?? usual.signal,
    graceMs: fields.ms('graceMs', usual.graceMs, 0),
    drainMs: fields.ms('drainMs', usual.drainMs, 0),
  };
}

export function checkLogs(owner: Fields, above: CheckedLogs): CheckedLogs {
  const fields = owner.has('logs') ? owner.inner('logs', ['maxBytes', 'files', 'format']) : undefined;
  if (fields === undefined) return above;
  return {
    maxBytes: fields.number('maxBytes', above.maxBytes, { min: 1024 }, 'a number of bytes'),
    files: fields.number('files', above.files, { min: 1, max: 1000 }, 'a number of files'),
    format: fields.oneOf('format', ['text', 'json'], above.format),
  };
}

export function checkMemory(service: Fields): CheckedService['memory'] {
  const value = service.get('memory');
  if (value === undefined) return undefined;
  const fields = isRecord(value)
    ? service.inner('memory', ['max', 'everyMs', 'times'])
    : new Fields(service.findings, service.at('memory'), { max: value });
  if (fields === undefined) return undefined;
  const max = fields.get('max');
  const maxBytes = sizeBytes(max);
  if (maxBytes === undefined) fields.wrong(isRecord(value) ? 'max' : '', `is ${shown(max)}`, sizeMend(max));
  return {
    maxBytes: maxBytes ?? 1,
    everyMs: fields.ms('everyMs', 5000),
    times: fields.number('times', 3, { min: 1 }, 'a number of samples'),
  };
}

/** `canBeWatched`: it runs in Node.js, with our own code beside it. */
export function checkHang(service: Fields, canBeWatched: boolean): CheckedService['hang'] {
  const value = service.get('hang');
  if (value === undefined) return canBeWatched ? { afterMs: 10_000 } : undefined;
  if (value === false) return undefined;
  if (!canBeWatched)
    service.wrong(
      'hang',
      'is for fork and host: only there we see the event loop',
      'leave it out, or ask with health',
    );
  const fields = service.inner('hang', ['afterMs'], 'write false, or { afterMs: 10_000 }');
  return fields && { afterMs: fields.ms('afterMs', 10_000, 100) };
}

export function checkSchedule(service: Fields, { cron }: Surroundings): CheckedSchedule | undefined {
  const value = service.get('schedule');
  if (value === undefined) return undefined;
  if (isSchedule(value)) return { text: textOf(value), nextRun: (after) => value.nextRun(after) };
  const given = typeof value === 'string' ? { cron: value } : value;
  const mend = "write a cron pattern: '0 4 * * *', or anything with nextRun(after)";
  const fields = Fields.of(service.findings, service.at('schedule'), given, ['cron', 'timeZone'], mend);
  const pattern = fields?.text('cron', mend);
  const timeZone = fields?.text('timeZone', "write a time zone: 'Europe/Berlin'");
  if (fields === undefined || pattern === undefined) {
    if (fields !== undefined && !fields.has('cron')) fields.wrong('', 'has no pattern', mend);
    return undefined;
  }
  const where = typeof value === 'string' ? '' : 'cron';
  if (cron === undefined) {
    fields.wrong(
      where,
      `is ${shown(pattern)}, which needs croner to be read`,
      "start it with the command, which has it, or write schedule: new Cron('...')",
    );
    return undefined;
  }
  try {
    const schedule = cron(pattern, timeZone);
    const text = timeZone === undefined ? pattern : `${pattern} ${timeZone}`;
    // A time zone that there is not shows when it is used.
    schedule.nextRun(new Date());
    return { text, nextRun: (after) => schedule.nextRun(after) };
  } catch (error) {
    fields.wrong(
      where,
      `is ${shown(pattern)}: ${error instanceof Error ? error.message : String(error)}`,
      mend,
    );
    return undefined;
  }
}

export function checkWatch(service: Fields, { directory }: Surroundings): CheckedService['watch'] {
  const value = service.get('watch');
  if (value === undefined) return undefined;
  const mend = "write a list of files and folders: ['src']";
  const fields = Array.isArray(value)
    ? new Fields(service.findings, service.path, { watch: value })
    : service.inner('watch', ['paths', 'debounceMs', 'ignore'], mend);
  if (fields === undefined) return undefined;
  const key = Array.isArray(value) ? 'watch' : 'paths';
  const paths = fields.texts(key, mend);
  if (!fields.has(key)) fields.wrong(key, 'is missing', mend);
  if (paths?.length === 0) fields.wrong(key, 'is empty', mend);
  return {
    paths: (paths ?? []).map((path) => pathIn(directory, path)),
    debounceMs: fields.ms('debounceMs', 200, 0),
    ignore: fields.texts('ignore', "write a list of names: ['dist']"),
  };
}

export function checkReload(service: Fields): CheckedService['reload'] {
  const fields = service.has('reload') ? service.inner('reload', ['surge', 'healthyMs']) : undefined;
  return {
    surge: fields?.number('surge', 1, { min: 1 }, 'a number of instances') ?? 1,
    healthyMs: fields?.ms('healthyMs', 5000, 0) ?? 5000,
  };
}

function isSchedule(value: unknown): value is Schedule {
  return (
    typeof value === 'object' && value !== null && typeof (value as Partial<Schedule>).nextRun === 'function'
  );
}

/** A `Cron` of croner knows its pattern; of another all that can be told is its source. */
function textOf(schedule: Schedule): string {
  const { getPattern } = schedule as { getPattern?: () => unknown };
  const pattern = typeof getPattern === 'function' ? getPattern.call(schedule) : undefined;
  return typeof pattern === 'string' ? pattern : String(schedule.nextRun);
}
