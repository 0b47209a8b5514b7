/** Logs and events that go on when the brain that tells them dies: the next one is asked for what comes after. */
import { KindredError } from 'kindred';
import type { LogRecord, LogRequest, StackEvent } from 'kindred/supervisor';
import { type Asked, isBrainGone, openControl } from './asking.ts';
import type { StackFlags } from './which-stack.ts';

/** Until it was told, the signal has fired, or the stack has ended. Throws what the first connection throws. */
export async function* followLogs(
  flags: StackFlags,
  query: LogRequest,
  signal: AbortSignal,
): AsyncGenerator<LogRecord, undefined> {
  let last: number | undefined;
  /** Lines of that very millisecond, which the next brain tells again. */
  let told: string[] = [];
  for (;;) {
    const asked = await openNext(flags, signal, last === undefined);
    if (asked === undefined) return undefined;
    const { control, close } = asked;
    const { tail: _told, ...rest } = query;
    const again = [...told];
    try {
      for await (const record of await control.logs(last === undefined ? query : { ...rest, since: last })) {
        const line = `${record.log} ${record.stream} ${record.text}`;
        if (record.at === last && again.includes(line)) {
          again.splice(again.indexOf(line), 1);
          continue;
        }
        if (record.at !== last) told = [];
        last = record.at;
        told.push(line);
        yield record;
      }
      return undefined;
    } catch (error) {
      if (query.follow !== true || !isBrainGone(error)) throw error;
      last ??= query.since ?? Date.now();
    } finally {
      await close();
    }
  }
}

/** The same for events, which have numbers. */
export async function* followEvents(
  flags: StackFlags,
  { after = 0, follow = false }: { after?: number; follow?: boolean },
  signal: AbortSignal,
): AsyncGenerator<StackEvent, undefined> {
  let last = after;
  for (let first = true; ; first = false) {
    const asked = await openNext(flags, signal, first);
    if (asked === undefined) return undefined;
    const { control, close } = asked;
    try {
      for await (const event of await control.events({ after: last, follow })) {
        last = event.sequence;
        yield event;
      }
      return undefined;
    } catch (error) {
      if (!follow || !isBrainGone(error)) throw error;
    } finally {
      await close();
    }
  }
}

/** Undefined: a stack that was there has ended. */
async function openNext(flags: StackFlags, signal: AbortSignal, first: boolean): Promise<Asked | undefined> {
  try {
    return await openControl(flags, signal);
  } catch (error) {
    if (!first && error instanceof KindredError && error.code === 'ERR_NOT_REACHABLE') return undefined;
    throw error;
  }
}
